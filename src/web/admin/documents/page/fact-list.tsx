import type { ComponentChildren } from "preact";
import type { Document, DocumentFacts } from "../../../../client/document.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { linkTo } from "../../frame/address.ts";
import { Ago } from "../../parts/ago.tsx";
import { formatBytes, formatCount, formatCounted } from "../../parts/formats.ts";

const clientsEveryMs = 5_000;

export interface FactListProps {
  readonly document: Document;
  readonly facts: DocumentFacts;
}

/** The facts of a document in a row. */
export function FactList({ document, facts }: FactListProps) {
  return (
    <dl class="facts">
      <Fact label="Size" value={formatBytes(facts.bytes)} />
      <Fact label="Last change" value={<Ago time={facts.updatedAt} />} />
      <Fact label="Created" value={<Ago time={facts.createdAt} />} />
      {facts.deletedAt === null ? (
        <Clients document={document} />
      ) : (
        <Fact label="Deleted" value={<Ago time={facts.deletedAt} />} />
      )}
      <Fact label="Sequence" value={formatCount(facts.sequence)} hint="Increases with every update" />
      <Fact
        label="Not compacted"
        value={formatCounted(facts.updates, "update")}
        hint="Updates since the last compaction"
      />
    </dl>
  );
}

interface FactProps {
  readonly label: string;
  readonly value: ComponentChildren;
  readonly hint?: string;
}

function Fact({ hint, label, value }: FactProps) {
  return (
    <div title={hint}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** The number of clients in the room of the document, which has them all. */
function Clients({ document: { name } }: Pick<FactListProps, "document">) {
  const { client } = useSession();
  const { state } = useRead({
    key: name,
    everyMs: clientsEveryMs,
    read: async (signal) => {
      // A room that is not open is no failure.
      const { items } = await client.server.rooms({ kind: "sync", prefix: name, limit: 1, signal });
      return items.find((room) => room.name === name)?.members ?? 0;
    },
  });
  const count = state.kind === "loaded" ? clientsText(state.value) : state.kind === "failed" ? "unknown" : "…";
  return <Fact label="Clients" value={<a href={linkTo("rooms", ["sync", name])}>{count}</a>} />;
}

function clientsText(count: number): string {
  return count === 0 ? "none" : `${formatCount(count)} connected`;
}
