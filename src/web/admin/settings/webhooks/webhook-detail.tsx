import { useState } from "preact/hooks";
import type { WebhookFacts } from "../../../../client/webhook-endpoints.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { linkTo } from "../../frame/address.ts";
import { formatNumber, formatTime } from "../../parts/formats.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { Deliveries } from "./deliveries.tsx";
import { WebhookActions } from "./webhook-actions.tsx";
import { WebhookBadge } from "./webhook-list.tsx";

/** One webhook: its settings, what can be done with it, and its messages. */
export function WebhookDetail({ id }: { readonly id: string }) {
  const { client } = useSession();
  const [round, setRound] = useState(0);
  const { refresh, state } = useRead({
    key: id,
    everyMs: 5_000,
    read: (signal) => client.webhooks.get(id, { signal }),
  });
  const changed = () => {
    refresh();
    setRound((before) => before + 1);
  };
  return (
    <>
      <section class="panel stack" aria-labelledby="webhook-title">
        <p>
          <a href={linkTo("settings", ["webhooks"])}>All webhooks</a>
        </p>
        <LoadedPart of={state} retry={refresh}>
          {(webhook) => (
            <>
              <header>
                <h2 id="webhook-title" class="long-title">
                  <bdi>{webhook.url}</bdi>
                </h2>
                <WebhookBadge webhook={webhook} />
              </header>
              <WebhookFactList webhook={webhook} />
              <WebhookActions webhook={webhook} changed={changed} />
            </>
          )}
        </LoadedPart>
      </section>
      <Deliveries webhook={id} round={round} />
    </>
  );
}

function WebhookFactList({ webhook }: { readonly webhook: WebhookFacts }) {
  const { createdAt, debounceMs, description, documents, events, id, include, maxWaitMs } = webhook;
  const seconds = (ms: number) => `${formatNumber(ms / 1_000)} s`;
  return (
    <dl class="settings-facts">
      {description !== "" && (
        <div>
          <dt>Description</dt>
          <dd>
            <bdi>{description}</bdi>
          </dd>
        </div>
      )}
      <div>
        <dt>Documents</dt>
        <dd>
          <code>
            <bdi>{documents.join(", ")}</bdi>
          </code>
        </dd>
      </div>
      <div>
        <dt>Events</dt>
        <dd>
          <code>{events.join(", ")}</code>
        </dd>
      </div>
      <div>
        <dt>Content in messages</dt>
        <dd>{include === null ? "None" : include === "json" ? "The document as JSON" : "The texts of the document"}</dd>
      </div>
      <div>
        <dt>A change is reported</dt>
        <dd>
          after {seconds(debounceMs)} without another one, at the latest after {seconds(maxWaitMs)}
        </dd>
      </div>
      <div>
        <dt>Added</dt>
        <dd>{formatTime(createdAt)}</dd>
      </div>
      <div>
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
      </div>
    </dl>
  );
}
