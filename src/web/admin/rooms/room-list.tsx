import { useRef } from "preact/hooks";
import type { RoomFacts, RoomKind } from "../../../client/server/facts.ts";
import { useLatest } from "../data/use-latest.ts";
import { useRead } from "../data/use-read.ts";
import { useSession } from "../entry/session.ts";
import { goTo, linkTo } from "../frame/address.ts";
import { Empty } from "../parts/empty.tsx";
import { formatCount, formatCounted } from "../parts/formats.ts";
import { LoadedPart } from "../parts/loaded-part.tsx";
import { PrefixField } from "../parts/prefix-field.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useFocusOnPage } from "../parts/use-focus-on-page.ts";
import { Name } from "./name.tsx";
import { Protocols } from "./protocols.tsx";

export interface RoomListProps {
  readonly kind: RoomKind;
  readonly prefix: string;
  /** The name after which the page begins; undefined for the first page. */
  readonly after: string | undefined;
}

const pageSize = 100;
/** The server looks at all rooms for a page, so that it is read more rarely when there are many. */
const everyMs = { few: 2_000, many: 5_000 } as const;

const kinds = [
  { kind: "sync", label: "Sync", hint: "Documents that clients have open." },
  {
    kind: "signaling",
    label: "Signaling",
    hint: "Rooms without a document: topics of y-webrtc, and the rooms of PeerJS and other WebRTC clients.",
  },
] as const;

/** The open rooms of one kind, in pages. */
export function RoomList({ after, kind, prefix }: RoomListProps) {
  const { client } = useSession();
  const isMany = useRef(false);
  const key = JSON.stringify([kind, prefix, after]);
  const { refresh, state: read } = useRead({
    key,
    everyMs: isMany.current ? everyMs.many : everyMs.few,
    read: (signal) => client.server.rooms({ kind, prefix, after, limit: pageSize, signal }),
  });
  const { isStale, state } = useLatest(read);
  if (state.kind === "loaded") isMany.current = state.value.next !== null;
  const list = useFocusOnPage<HTMLElement>(after);
  return (
    <>
      <header class="view-head">
        <h1>Rooms</h1>
        <nav class="choices" aria-label="Kind of room">
          {kinds.map(({ kind: each, label }) => (
            <a
              key={each}
              href={linkTo("rooms", [], { kind: each === "sync" ? "" : each, prefix })}
              aria-current={each === kind ? "page" : undefined}
            >
              {label}
            </a>
          ))}
        </nav>
      </header>
      <section class="panel stack" aria-labelledby="room-list-title" data-stale={isStale} ref={list} tabIndex={-1}>
        <div class="list-head">
          <h2 id="room-list-title" class="unseen">
            {kind === "sync" ? "Sync rooms" : "Signaling rooms"}
          </h2>
          <PrefixField
            prefix={prefix}
            seek={(sought) => goTo(linkTo("rooms", [], { kind, prefix: sought }), { replace: true })}
          />
          <p class="hint kind-hint">{kinds.find(({ kind: each }) => each === kind)?.hint}</p>
        </div>
        <LoadedPart of={state} retry={refresh}>
          {({ items, next }) =>
            items.length === 0 ? (
              <NoRooms kind={kind} prefix={prefix} isFirst={after === undefined} />
            ) : (
              <>
                <div class="rows">
                  <Table caption="Open rooms" columns={columns} rows={items} keyOf={({ name }) => name} />
                </div>
                <Pages {...{ after, kind, prefix, next }} count={items.length} />
              </>
            )
          }
        </LoadedPart>
      </section>
    </>
  );
}

const columns: readonly Column<RoomFacts>[] = [
  {
    label: "Room",
    cell: ({ kind, name }) => (
      <a class="room-link" href={linkTo("rooms", [kind, name])}>
        <Name text={name} />
      </a>
    ),
  },
  { label: "Protocols", cell: ({ protocols }) => <Protocols names={protocols} /> },
  { label: "Members", isNumber: true, cell: ({ members }) => formatCount(members) },
];

interface NoRoomsProps {
  readonly kind: RoomKind;
  readonly prefix: string;
  readonly isFirst: boolean;
}

function NoRooms({ isFirst, kind, prefix }: NoRoomsProps) {
  if (!isFirst) {
    return (
      <Empty title="No more rooms">
        <p>
          <a href={linkTo("rooms", [], { kind, prefix })}>Back to the first page</a>
        </p>
      </Empty>
    );
  }
  if (prefix !== "") {
    return (
      <Empty title="No open room has such a name">
        <p>Names are case-sensitive. A room is open while clients are in it.</p>
      </Empty>
    );
  }
  return kind === "sync" ? (
    <Empty title="No document is open">
      <p>
        A room appears here when a client opens a document. All documents are in{" "}
        <a href={linkTo("documents")}>Documents</a>.
      </p>
    </Empty>
  ) : (
    <Empty title="No signaling room is open">
      <p>A room appears here when a WebRTC client joins it, such as a y-webrtc provider.</p>
    </Empty>
  );
}

interface PagesProps extends RoomListProps {
  readonly next: string | null;
  readonly count: number;
}

function Pages({ after, count, kind, next, prefix }: PagesProps) {
  const isOnly = after === undefined && next === null;
  return (
    <nav class="pages" aria-label="Pages">
      <p class="hint">{isOnly ? formatCounted(count, "room") : `${formatCounted(count, "room")} on this page`}</p>
      {after !== undefined && (
        <a class="button" href={linkTo("rooms", [], { kind, prefix })}>
          First page
        </a>
      )}
      {next !== null && (
        <a class="button" href={linkTo("rooms", [], { kind, prefix, after: next })}>
          Next page
        </a>
      )}
    </nav>
  );
}
