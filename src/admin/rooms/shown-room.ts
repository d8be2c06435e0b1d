import * as v from "valibot";
import { Problem } from "../../api/problems.ts";
import { time } from "../overview/server-schemas.ts";
import type { OpenRooms, RoomKind, RoomMember } from "./open-rooms.ts";

export const roomKinds = ["sync", "signaling"] as const;

/** The most members that are shown of one room. */
const mostMembers = 1_000;

export const listedRoom = v.object({
  kind: v.picklist(roomKinds),
  name: v.pipe(v.string(), v.description("The name of the document, or the topic")),
  members: v.pipe(v.number(), v.description("The number of its members")),
  protocols: v.pipe(v.array(v.string()), v.description("The protocols of its members")),
});

const member = v.object({
  id: v.pipe(v.string(), v.description("The id of its connection, which may be in other rooms as well")),
  protocol: v.string(),
  user: v.pipe(v.nullable(v.string()), v.description("The id of its user; null if unknown")),
  access: v.pipe(v.nullable(v.picklist(["read", "write"])), v.description("null in signaling rooms")),
  connectedAt: time("When its connection was opened"),
  address: v.pipe(v.string(), v.description("The address that limits count as the client's")),
});

export const shownRoom = v.pipe(
  v.object({
    ...listedRoom.entries,
    presence: v.pipe(
      v.nullable(v.number()),
      v.description("The number of awareness states of a document; null in signaling rooms"),
    ),
    memberList: v.pipe(v.array(member), v.description(`The first ${mostMembers} members`)),
  }),
  v.title("Room"),
);

export type ShownRoom = v.InferOutput<typeof shownRoom>;

/** A room with its members at this moment; undefined if it is not open. */
export function showRoom(
  rooms: Pick<OpenRooms, "members" | "presence" | "idOf">,
  { kind, name }: { readonly kind: RoomKind; readonly name: string },
): ShownRoom | undefined {
  const members = rooms.members(kind, name);
  if (members === undefined) return undefined;
  return {
    ...{ kind, name, members: members.length },
    protocols: [...new Set(members.map(({ protocol }) => protocol))].sort(),
    presence: kind === "sync" ? rooms.presence(name) : null,
    memberList: members.slice(0, mostMembers).map((each) => showMember(each, rooms.idOf(each.connection))),
  };
}

export function noSuchRoom(): Problem {
  return new Problem("no-such-room", "The room is not open, or the member has left it.");
}

function showMember({ access, connection, protocol, user }: RoomMember, id: string): ShownRoom["memberList"][number] {
  const { openedAt, remoteAddress: address } = connection;
  const connectedAt = new Date(openedAt).toISOString();
  return { id, protocol, user: user ?? null, access: access ?? null, connectedAt, address };
}
