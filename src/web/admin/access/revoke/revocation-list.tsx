import type { Revocation, Revocations } from "../../../../client/server/access.ts";
import { Ago } from "../../parts/ago.tsx";
import { formatCount, formatTime } from "../../parts/formats.ts";
import { ShownName } from "../../parts/shown-name.tsx";
import { type Column, Table } from "../../parts/table.tsx";

/** The revocations that the server remembers, latest first. */
export function RevocationList({ revocations: { items, total } }: { readonly revocations: Revocations }) {
  if (items.length === 0) return <p class="hint">No revocation is in force.</p>;
  return (
    <section class="panel" aria-labelledby="revocations-title">
      <h2 id="revocations-title">In force</h2>
      <Table caption="Revocations in force" columns={columns} rows={items} keyOf={keyOf} />
      {total > items.length && (
        <p class="hint">
          The latest {formatCount(items.length)} of {formatCount(total)}.
        </p>
      )}
    </section>
  );
}

const columns: readonly Column<Revocation>[] = [
  { label: "User", cell: ({ user }) => (user === null ? "Everyone" : <ShownName name={user} />) },
  { label: "Rooms", cell: ({ room }) => (room === null ? "All" : <ShownName name={room} />) },
  { label: "Token", cell: ({ tokenId }) => (tokenId === null ? "All" : <ShownName name={tokenId} />) },
  { label: "Revoked", cell: ({ revokedAt }) => <Ago time={revokedAt} /> },
  { label: "Remembered until", cell: ({ until }) => <time dateTime={until}>{formatTime(until)}</time> },
];

function keyOf({ revokedAt, room, tokenId, user }: Revocation): string {
  return JSON.stringify([revokedAt, user, room, tokenId]);
}
