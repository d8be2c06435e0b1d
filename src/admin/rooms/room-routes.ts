import * as v from "valibot";
import { type Caller, demandNoPrefix } from "../../api/caller.ts";
import { answerWithEvents, eventAnswers } from "../../api/events/answer-with-events.ts";
import { choice, integer, text } from "../../api/parameters.ts";
import { Problem } from "../../api/problems.ts";
import { json, noContent, type Route, route } from "../../api/route.ts";
import type { OpenRooms, RoomKind } from "./open-rooms.ts";
import type { RoomWatches } from "./room-watches.ts";
import { roomKinds as kinds, listedRoom, noSuchRoom, shownRoom, showRoom } from "./shown-room.ts";

export interface RoomRoutesOptions {
  readonly rooms: OpenRooms;
  readonly watches: RoomWatches;
}

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

const page = v.pipe(
  v.object({
    items: v.array(listedRoom),
    next: v.pipe(v.nullable(v.string()), v.description("`after` of the next page; null on the last one")),
  }),
  v.title("Rooms"),
);

/** The routes that list the open rooms, show and follow one of them, and disconnect a member. */
export function roomRoutes({ rooms, watches }: RoomRoutesOptions): readonly Route[] {
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
        const room = showRoom(rooms, roomIn(path));
        if (room === undefined) throw noSuchRoom();
        return json(room);
      },
    }),
    route({
      ...ofRoom,
      method: "get",
      path: "/v1/rooms/{kind}/{room}/events",
      id: "followRoom",
      summary: "Follow who is in a room, and which members of a signaling room signal each other",
      description:
        "`room` has the room in the form of `GET /v1/rooms/{kind}/{room}`, at once and at most once a second when it has changed. In a signaling room, `messages` has the numbers of messages that were sent since the event before, at most four times a second: `from` and `to` are ids of members, `to` is null for a message to all others, and `omitted` counts the messages of further pairs of members than 500. The messages themselves are not shown. `closed` is the last event of a room that closes; otherwise `end` tells why the stream ends.",
      answers: eventAnswers,
      problems: [...ofRoom.problems, "overloaded"],
      handle: (call) => {
        demandAll(call.caller);
        const watched = roomIn(call.path);
        return answerWithEvents(call, (reader) => watches.follow(watched, reader));
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
      handle: async ({ caller, path }) => {
        demandAll(caller);
        const { kind, name } = roomIn(path);
        if (!(await rooms.disconnect(kind, name, path["member"] ?? ""))) throw noSuchRoom();
        return noContent();
      },
    }),
  ];
}

function demandAll(caller: Caller): void {
  demandNoPrefix(caller, "rooms are those of all documents");
}

function roomIn({ kind, room = "" }: Readonly<Record<string, string>>): { kind: RoomKind; name: string } {
  const found = kinds.find((known) => known === kind);
  if (found !== undefined) return { kind: found, name: room };
  throw new Problem("invalid-request", "There are two kinds of rooms.", {
    errors: [{ pointer: "kind", detail: "give sync or signaling" }],
  });
}
