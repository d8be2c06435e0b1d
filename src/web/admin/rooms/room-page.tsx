import type { Room, RoomKind } from "../../../client/server/facts.ts";
import { linkTo } from "../frame/address.ts";
import { Empty } from "../parts/empty.tsx";
import { formatCount } from "../parts/formats.ts";
import { LoadedPart } from "../parts/loaded-part.tsx";
import { MembersPanel } from "./members/members-panel.tsx";
import { MeshPanel } from "./mesh/mesh-panel.tsx";
import { Name } from "./name.tsx";
import { PresencePanel } from "./presence/presence-panel.tsx";
import { Protocols } from "./protocols.tsx";
import { useRoom, type WatchedRoom } from "./use-room.ts";

export interface RoomPageProps {
  readonly kind: RoomKind;
  readonly name: string;
}

/** One room: its members, and their presence or the messages between them. */
export function RoomPage({ kind, name }: RoomPageProps) {
  const watched = useRoom(kind, name);
  return (
    <>
      <header class="view-head room-head">
        <div>
          <nav aria-label="Breadcrumb" class="breadcrumb">
            <a href={linkTo("rooms", [], { kind: kind === "sync" ? "" : kind })}>
              {kind === "sync" ? "Sync rooms" : "Signaling rooms"}
            </a>
          </nav>
          <h1>
            <Name text={name} />
          </h1>
        </div>
        {kind === "sync" && (
          <a class="button" href={linkTo("documents", [name])}>
            Open the document
          </a>
        )}
      </header>
      <LoadedPart of={watched.state} retry={watched.refresh}>
        {(room) => (room === null ? <ClosedRoom kind={kind} /> : <OpenRoom room={room} watched={watched} />)}
      </LoadedPart>
    </>
  );
}

function ClosedRoom({ kind }: Pick<RoomPageProps, "kind">) {
  return (
    <section class="panel">
      <Empty title="This room is not open">
        <p>
          {kind === "sync"
            ? "It opens when a client opens the document. This page will show it then."
            : "It opens when a client joins it. This page will show it then."}
        </p>
      </Empty>
    </section>
  );
}

interface OpenRoomProps {
  readonly room: Room;
  readonly watched: WatchedRoom;
}

function OpenRoom({ room, watched }: OpenRoomProps) {
  return (
    <>
      <p class="room-facts">
        <span>
          <strong>{formatCount(room.members)}</strong> {room.members === 1 ? "member" : "members"}
        </span>
        {room.protocols.length > 0 && <Protocols names={room.protocols} />}
        <span class="badge" data-tone={watched.isLive ? "good" : undefined}>
          {watched.isLive ? "Live" : "Updated every 2 seconds"}
        </span>
      </p>
      {room.kind === "signaling" && <MeshPanel room={room} flow={watched.flow} isLive={watched.isLive} />}
      <MembersPanel room={room} changed={watched.refresh} />
      {room.kind === "sync" && <PresencePanel document={room.name} count={room.presence} />}
    </>
  );
}
