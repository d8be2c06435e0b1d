import type { Authorizer } from "../../auth/authorizer.ts";
import { percentDecode } from "../../lib/percent-decode.ts";
import { accessRequest } from "../../rooms/access-request.ts";
import { sessionErrorOf } from "../../rooms/denial.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import { enterRoom } from "../../rooms/room-pass.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";
import { closeReasons, isFinal, SessionError } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import type { Handshake, Protocol, ProtocolSession } from "../../transport/protocol.ts";
import type { RelayLimits } from "../limits.ts";
import type { SyncRoom } from "../sync-room.ts";
import { encodeMessage } from "./codec.ts";
import { isPartyPath, partyDocumentPath, partyPrefix } from "./party-path.ts";
import { YWebsocketSession, type YWebsocketSessionOptions } from "./session.ts";

export interface YWebsocketOptions extends YWebsocketSessionOptions {
  readonly rooms: RoomRegistry<SyncRoom>;
  readonly authorizer: Authorizer;
  readonly limits: RoomLimits & Pick<RelayLimits, "relayFrameBytes">;
}

const prefix = "/sync";
const namePrefix = `${prefix}/`;

/** The y-websocket protocol on `/sync/<document>`, and on `/parties/<party>/<room>`. */
export function yWebsocket(options: YWebsocketOptions): Protocol {
  return {
    name: "y-websocket",
    endpoint: { label: "y-websocket", scheme: "ws", path: prefix },
    frameBytes: options.limits.relayFrameBytes,
    frameBytesOption: "limits.relay-frame-bytes",
    match: ({ pathname }) => pathname === prefix || pathname.startsWith(namePrefix) || isPartyPath(pathname),
    namePrefixes: [namePrefix, partyPrefix],
    // The client logs this message as "permission denied", so it is sent only where reconnecting does not help.
    closeMessage: (reason, detail) =>
      isFinal(reason) ? encodeMessage({ type: "permission-denied", reason: `${reason.name}: ${detail}` }) : undefined,
    open: (connection, handshake) => open(connection, handshake, options),
  };
}

async function open(
  connection: Connection,
  handshake: Handshake,
  options: YWebsocketOptions,
): Promise<ProtocolSession> {
  const { authorizer, limits, rooms } = options;
  const name = documentName(handshake.url);
  const fault = checkRoomName(name, limits.nameBytes);
  if (fault !== undefined) throw new SessionError(closeReasons.malformedFrame, fault);
  const pass = await enterRoom(rooms, authorizer, accessRequest("sync", name, { connection, handshake }));
  if (!pass.granted) throw sessionErrorOf(pass);
  return new YWebsocketSession({ connection, waiter: handshake }, pass, options);
}

/** Returns the rest of the path, percent-decoded once; an invalid percent-encoding is taken literally. */
export function documentName({ pathname }: URL): string {
  return percentDecode(isPartyPath(pathname) ? partyDocumentPath(pathname) : pathname.slice(namePrefix.length));
}
