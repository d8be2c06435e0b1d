import type { RoomKind } from "../../../client/server/facts.ts";
import type { ViewProps } from "../frame/address.ts";
import { RoomList } from "./room-list.tsx";
import { RoomPage } from "./room-page.tsx";

/** The open rooms, or one of them: `#/rooms?kind=signaling`, `#/rooms/sync/notes%2F7`. */
export function RoomsView({ place: { path, query } }: ViewProps) {
  const [kind, name] = path;
  if (kind !== undefined && name !== undefined) {
    return <RoomPage key={`${kind}/${name}`} kind={kindOf(kind)} name={name} />;
  }
  return <RoomList kind={kindOf(query["kind"])} prefix={query["prefix"] ?? ""} after={query["after"]} />;
}

function kindOf(text: string | undefined): RoomKind {
  return text === "signaling" ? "signaling" : "sync";
}
