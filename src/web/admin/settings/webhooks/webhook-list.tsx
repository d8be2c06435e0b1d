import { useState } from "preact/hooks";
import type { WebhookFacts, WebhookWithSecret } from "../../../../client/webhook-endpoints.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { linkTo } from "../../frame/address.ts";
import { Ago } from "../../parts/ago.tsx";
import { announce } from "../../parts/announcer.tsx";
import { Empty } from "../../parts/empty.tsx";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { Table } from "../../parts/table.tsx";
import { SecretDialog } from "./secret-dialog.tsx";
import { newWebhook, type settingsOf } from "./webhook-fields.ts";
import { WebhookForm } from "./webhook-form.tsx";
import { webhookState } from "./webhook-words.ts";

/** All change webhooks, and the way to another one. */
export function WebhookList() {
  const { client } = useSession();
  const { refresh, state } = useRead({
    key: "webhooks",
    everyMs: 10_000,
    read: (signal) => client.webhooks.list({ signal }),
  });
  const [isAdding, setAdding] = useState(false);
  const [added, setAdded] = useState<WebhookWithSecret>();
  const add = async (settings: ReturnType<typeof settingsOf>) => {
    const webhook = await client.webhooks.create(settings);
    setAdding(false);
    setAdded(webhook);
    announce("The webhook was added.");
    refresh();
  };
  return (
    <section class="panel stack" aria-labelledby="webhooks-title">
      <header>
        <h2 id="webhooks-title">Webhooks</h2>
        <button type="button" class="button primary" onClick={() => setAdding(true)}>
          Add a webhook
        </button>
      </header>
      <p class="hint">Yurt sends your application a signed request when documents change.</p>
      <LoadedPart of={state} retry={refresh}>
        {(webhooks) =>
          webhooks.length === 0 ? (
            <Empty title="No webhooks">
              <p>Add one to tell your application of each change, at least once and in order.</p>
            </Empty>
          ) : (
            <WebhookTable webhooks={webhooks} />
          )
        }
      </LoadedPart>
      {isAdding && (
        <WebhookForm
          title="Add a webhook"
          action="Add"
          initial={newWebhook}
          submit={add}
          close={() => setAdding(false)}
        />
      )}
      {added !== undefined && <SecretDialog secret={added.secret} close={() => setAdded(undefined)} />}
    </section>
  );
}

function WebhookTable({ webhooks }: { readonly webhooks: readonly WebhookFacts[] }) {
  return (
    <Table
      caption="Webhooks"
      rows={webhooks}
      keyOf={({ id }) => id}
      columns={[
        {
          label: "URL",
          cell: ({ description, id, url }) => (
            <div>
              <a href={linkTo("settings", ["webhooks", id])}>
                <bdi class="clamped">{url}</bdi>
              </a>
              {description !== "" && (
                <p class="hint">
                  <bdi>{description}</bdi>
                </p>
              )}
            </div>
          ),
        },
        {
          label: "Documents",
          cell: ({ documents }) => <code class="setting-value clamped">{documents.join(", ")}</code>,
        },
        { label: "Events", cell: ({ events }) => eventsText(events) },
        { label: "State", cell: (webhook) => <WebhookBadge webhook={webhook} /> },
      ]}
    />
  );
}

function eventsText(events: readonly string[]): string {
  const [first = "none"] = events;
  return events.length < 2 ? first : `${first} and ${events.length - 1} more`;
}

/** The state of a webhook, and when it began if it is not enabled. */
export function WebhookBadge({ webhook }: { readonly webhook: WebhookFacts }) {
  const { label, tone } = webhookState(webhook);
  const since = webhook.disabled === null ? webhook.failingSince : webhook.disabled.at;
  return (
    <span>
      <span class="badge" data-tone={tone}>
        {label}
      </span>
      {since !== null && (
        <span class="hint">
          {webhook.disabled === null ? " began " : " "}
          <Ago time={since} />
        </span>
      )}
    </span>
  );
}
