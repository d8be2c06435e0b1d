import { useState } from "preact/hooks";
import type { WebhookDelivery } from "../../../../client/webhook-endpoints.ts";
import { sentenceOf } from "../../data/sentence-of.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { linkTo } from "../../frame/address.ts";
import { Ago } from "../../parts/ago.tsx";
import { announce } from "../../parts/announcer.tsx";
import { Empty } from "../../parts/empty.tsx";
import { formatCount } from "../../parts/formats.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { ShownName } from "../../parts/shown-name.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { attemptText, deliveryState } from "./webhook-words.ts";

const firstShown = 20;

export interface DeliveriesProps {
  /** The id of the webhook. */
  readonly webhook: string;
  /** Another number reads the messages again. */
  readonly round: number;
}

/** The messages to a webhook: those that wait, those that were given up, and the last ones that were delivered. */
export function Deliveries({ round, webhook }: DeliveriesProps) {
  const { webhooks } = useSession().client;
  const { refresh, state } = useRead({
    key: `${webhook} ${round}`,
    everyMs: 3_000,
    read: (signal) => webhooks.deliveries(webhook, { signal }),
  });
  const [isWhole, setWhole] = useState(false);
  const redeliver = (id: string) =>
    webhooks
      .redeliver(webhook, id)
      .then(
        () => announce("The message will be sent again, after earlier ones about its document."),
        (error: unknown) => announce(sentenceOf(error), "away"),
      )
      .then(refresh);
  return (
    <section class="panel stack" aria-labelledby="deliveries-title">
      <header>
        <h2 id="deliveries-title">Messages</h2>
      </header>
      <LoadedPart of={state} retry={refresh}>
        {(messages) =>
          messages.length === 0 ? (
            <Empty title="No messages yet">
              <p>A message appears here when one of the documents changes.</p>
            </Empty>
          ) : (
            <>
              <Table
                caption="Messages"
                rows={isWhole ? messages : messages.slice(0, firstShown)}
                keyOf={({ id }) => id}
                columns={columnsOf((id) => void redeliver(id))}
              />
              {!isWhole && messages.length > firstShown && (
                <p>
                  <button type="button" onClick={() => setWhole(true)}>
                    Show all {formatCount(messages.length)}
                  </button>
                </p>
              )}
            </>
          )
        }
      </LoadedPart>
    </section>
  );
}

function columnsOf(redeliver: (id: string) => void): readonly Column<WebhookDelivery>[] {
  return [
    {
      label: "Document",
      cell: ({ document }) => (
        <a href={linkTo("documents", [document])}>
          <ShownName name={document} />
        </a>
      ),
    },
    { label: "Event", cell: ({ type }) => <code>{type}</code> },
    { label: "State", cell: (message) => <DeliveryBadge message={message} /> },
    { label: "Last attempt", cell: ({ lastAttempt }) => <LastAttempt attempt={lastAttempt} /> },
    {
      label: "Send again",
      isLabelHidden: true,
      cell: ({ document, id, state }) =>
        state !== "waiting" && (
          <button type="button" aria-label={`Send again: the message about ${document}`} onClick={() => redeliver(id)}>
            Send again
          </button>
        ),
    },
  ];
}

function DeliveryBadge({ message }: { readonly message: WebhookDelivery }) {
  const { label, tone } = deliveryState(message);
  const { failures, nextAttemptAt } = message;
  return (
    <span>
      <span class="badge" data-tone={tone}>
        {label}
      </span>
      {failures > 0 && nextAttemptAt !== null && (
        <span class="hint below">
          <Ago time={nextAttemptAt} />, failed {failures === 1 ? "once" : `${failures} times`}
        </span>
      )}
    </span>
  );
}

function LastAttempt({ attempt }: { readonly attempt: WebhookDelivery["lastAttempt"] }) {
  if (attempt === null) return <span class="hint">None yet</span>;
  return (
    <span>
      {attemptText(attempt)}
      <span class="hint below">
        <Ago time={attempt.at} />
      </span>
    </span>
  );
}
