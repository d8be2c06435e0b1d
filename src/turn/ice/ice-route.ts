import * as v from "valibot";
import { choice, type Parameter } from "../../api/parameters.ts";
import { Problem } from "../../api/problems.ts";
import { problemOfDenial } from "../../api/refusals/denial-problem.ts";
import { takeToken } from "../../api/refusals/take-token.ts";
import { json, type Route, route } from "../../api/route.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import { bearerToken } from "../../lib/bearer-token.ts";
import { KeyedBuckets } from "../../lib/keyed-buckets.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import type { IceServers } from "./ice-servers.ts";
import type { IceLimits } from "./limits.ts";

export interface IceRouteOptions {
  readonly authorizer: Authorizer;
  readonly iceServers: IceServers;
  readonly addresses: CountedAddresses;
  readonly limits: IceLimits & RoomLimits;
  readonly clock: Clock;
}

const shownServer = v.object({
  urls: v.union([v.string(), v.array(v.string())]),
  username: v.optional(v.string()),
  credential: v.optional(v.string()),
});
const shownList = v.pipe(
  v.object({
    iceServers: v.pipe(v.array(shownServer), v.description("For the constructor of RTCPeerConnection")),
    ttl: v.pipe(v.number(), v.integer(), v.description("Seconds for which the credentials are valid")),
  }),
  v.title("IceServers"),
);

const room: Parameter<string> = {
  description: "The room: a document, a topic, or a room of another protocol",
  isRequired: true,
  schema: { type: "string" },
  read: v.optional(v.string(), ""),
};
const token: Parameter<string | undefined> = {
  description: "The token, for clients that cannot send headers",
  schema: { type: "string" },
  read: v.optional(v.string()),
};

/** `GET /ice`: the ICE servers of a client that may enter a room. */
export function iceRoute({ addresses, authorizer, clock, iceServers, limits }: IceRouteOptions): Route {
  const requests = new KeyedBuckets({
    get burst() {
      return limits.iceBurst;
    },
    get perSecond() {
      return limits.iceRequestsPerSecond;
    },
    clock,
  });
  return route({
    method: "get",
    path: "/ice",
    id: "listIceServers",
    tag: "WebRTC",
    summary: "List the STUN and TURN servers for a client of a room",
    description:
      "The client must have permission for the room. It sends its token as Authorization: Bearer or in the query. API keys are not accepted.",
    needs: undefined,
    query: {
      room,
      kind: choice("`sync` for a document, `signaling` for other rooms", ["signaling", "sync"], "signaling"),
      token,
    },
    answers: { 200: { description: "The servers, with credentials that are the client's own", json: shownList } },
    problems: ["unauthorized", "forbidden", "authorization-unavailable"],
    handle: async ({ query, remoteAddress, request }) => {
      const key = addresses.keyOf(remoteAddress);
      if (key !== undefined) takeToken(requests.of(key), "limits.ice-requests-per-second");
      const fault = checkRoomName(query.room, limits.nameBytes);
      if (fault !== undefined) {
        throw new Problem("invalid-request", "This cannot be the name of a room.", {
          errors: [{ pointer: "room", detail: fault }],
        });
      }
      const decision = await authorizer.authorize({
        kind: query.kind,
        room: query.room,
        remoteAddress,
        origin: request.headers.get("origin") ?? undefined,
        token: query.token || bearerToken(request.headers.get("authorization")),
        signal: request.signal,
      });
      if (!decision.granted) throw problemOfDenial(decision, "Send a token for the room as Authorization: Bearer.");
      const { user } = decision;
      decision.release();
      return json(iceServers.listFor({ user, remoteAddress }));
    },
  });
}
