import * as v from "valibot";
import { type Caller, demandNoPrefix } from "../../api/caller.ts";
import { choice, integer, text } from "../../api/parameters.ts";
import { Problem } from "../../api/problems.ts";
import { json, noContent, type Route, route } from "../../api/route.ts";
import { time } from "../overview/server-schemas.ts";
import type { OpenRooms, RoomKind, RoomMember } from "./open-rooms.ts";

export interface RoomRoutesOptions {
  readonly rooms: OpenRooms;
}

const kinds = ["sync", "signaling"] as const;
/** The most members that are shown of one room. */
const mostMembers = 1_000;

const common = { tag: "Administration", needs: "docs:admin" } as const;
const ofRoom = {
  ...common,
  pathParameters: {
    kind: "`sync` or `signaling`",
    room: "The name of the room, percent-encoded: / as %2F",
    member: "The id of the member",
  },
  problems: ["no-such-room", "invalid-request"],
} as const;

const listed = v.object({
  kind: v.picklist(kinds),
  name: v.pipe(v.string(), v.description("The name of the document, or the topic")),
  members: v.pipe(v.number(), v.description("The number of its members")),
  protocols: v.pipe(v.array(v.string()), v.description("The protocols of its members")),
});
const page = v.pipe(
  v.object({
    items: v.array(listed),
    next: v.pipe(v.nullable(v.string()), v.description("`after` of the next page; null on the last one")),
  }),
  v.title("Rooms"),
);
const member = v.object({
  id: v.pipe(v.string(), v.description("The id of its connection, which may be in other rooms as well")),
  protocol: v.string(),
  user: v.pipe(v.nullable(v.string()), v.description("The id of its user; null if unknown")),
  access: v.pipe(v.nullable(v.picklist(["read", "write"])), v.description("null in signaling rooms")),
  connectedAt: time("When its connection was opened"),
  address: v.pipe(v.string(), v.description("The address that limits count as the client's")),
});
const shownRoom = v.pipe(
  v.object({
    ...listed.entries,
    presence: v.pipe(
      v.nullable(v.number()),
      v.description("The number of awareness states of a document; null in signaling rooms"),
    ),
    memberList: v.pipe(v.array(member), v.description(`The first ${mostMembers} members`)),
  }),
  v.title("Room"),
);

/** The routes that list the open rooms and their members, and that disconnect a member. */
export function roomRoutes({ rooms }: RoomRoutesOptions): readonly Route[] {
  return [
    route({
      ...common,
      method: "get",
      path: "/v1/rooms",
      id: "listRooms",
      summary: "List the open rooms of one kind",
      description:
        "Rooms with members, and those that the last member has left some seconds ago. They are sorted by the UTF-16 code units of their names.",
      query: {
        kind: choice("`sync` for documents in use, `signaling` for rooms without documents", kinds, "sync"),
        prefix: text("The names begin with this text"),
        limit: integer({ description: "The most rooms in the answer", min: 1, max: 500, byDefault: 100 }),
        after: text("`next` of the page before"),
      },
      answers: { 200: { description: "A page of rooms", json: page } },
      handle: ({ caller, query }) => {
        demandAll(caller);
        const { after, kind, limit, prefix = "" } = query;
        const found = rooms.list({ after, kind, limit, prefix });
        const items = found.slice(0, limit).map((room) => ({ kind, ...room }));
        return json({ items, next: found.length > limit ? (items.at(-1)?.name ?? null) : null });
      },
    }),
    route({
      ...ofRoom,
      method: "get",
      path: "/v1/rooms/{kind}/{room}",
      id: "getRoom",
      summary: "Tell who is in a room",
      description: "What members send each other is not shown.",
      answers: { 200: { description: "The room and its members", json: shownRoom } },
      handle: ({ caller, path }) => {
        demandAll(caller);
        const [kind, name] = [kindIn(path), path["room"] ?? ""];
        const members = rooms.members(kind, name);
        if (members === undefined) throw noSuchRoom();
        return json({
          ...{ kind, name, members: members.length },
          protocols: [...new Set(members.map(({ protocol }) => protocol))].sort(),
          presence: kind === "sync" ? rooms.presence(name) : null,
          memberList: members.slice(0, mostMembers).map(showMember),
        });
      },
    }),
    route({
      ...ofRoom,
      method: "post",
      path: "/v1/rooms/{kind}/{room}/members/{member}/disconnect",
      id: "disconnectMember",
      summary: "Disconnect one member of a room",
      description:
        "It may return, and is authorized anew then (close code 4501): revoke its token before (`POST /api/revocations`). In a signaling room its whole connection is closed.",
      answers: { 204: { description: "It is disconnected" } },
      handle: ({ caller, path }) => {
        demandAll(caller);
        if (!rooms.disconnect(kindIn(path), path["room"] ?? "", path["member"] ?? "")) throw noSuchRoom();
        return noContent();
      },
    }),
  ];
}

function demandAll(caller: Caller): void {
  demandNoPrefix(caller, "rooms are those of all documents");
}

function kindIn({ kind }: Readonly<Record<string, string>>): RoomKind {
  const found = kinds.find((known) => known === kind);
  if (found !== undefined) return found;
  throw new Problem("invalid-request", "There are two kinds of rooms.", {
    errors: [{ pointer: "kind", detail: "give sync or signaling" }],
  });
}

function noSuchRoom(): Problem {
  return new Problem("no-such-room", "The room is not open, or the member has left it.");
}

function showMember({ access, connection, protocol, user }: RoomMember) {
  const { id, openedAt, remoteAddress: address } = connection;
  const connectedAt = new Date(openedAt).toISOString();
  return { id, protocol, user: user ?? null, access: access ?? null, connectedAt, address };
}
