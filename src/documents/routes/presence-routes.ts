import * as v from "valibot";
import { jsonBody, optionalJsonBody } from "../../api/bodies.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { Problem } from "../../api/problems.ts";
import { json, type Route, route } from "../../api/route.ts";
import { userId } from "../../auth/identifiers.ts";
import { includesScope } from "../../auth/keys/api-keys.ts";
import { DecodeError } from "../../relay/update/strict-decoding.ts";
import { parseStrictly } from "../../relay/update/strict-json.ts";
import { showTime, time } from "../document-schemas.ts";
import type { Documents } from "../documents.ts";
import type { Disconnections } from "../presence/disconnections.ts";
import type { Guests } from "../presence/guests.ts";
import { sourceOf } from "./content-routes.ts";
import { present } from "./document-routes.ts";

export interface PresenceRoutesOptions {
  readonly documents: Documents;
  readonly disconnections: Disconnections;
  readonly guests: Guests;
  /** Whether clients that may only read can show their presence. */
  readonly readersShowPresence: boolean;
  readonly limits: Pick<ApiLimits, "apiJsonBytes">;
}

const tag = "Presence";

/** In an answer for which a node has not said what it knows; absent from a complete one. */
const partial = (consequence: string) =>
  v.optional(v.pipe(v.literal(true), v.description(`A node of the cluster has not answered in time: ${consequence}`)));

const presence = v.pipe(
  v.object({
    items: v.array(
      v.object({
        clientId: v.pipe(v.number(), v.description("The id of the client's Y.Doc")),
        clock: v.pipe(v.number(), v.description("Ascends with every change of the state")),
        state: v.pipe(v.unknown(), v.description("The awareness state that the application of the client sets")),
      }),
    ),
    partial: partial("clients may be missing"),
  }),
  v.title("Awareness"),
);
const disconnection = v.pipe(
  v.strictObject({ user: v.optional(v.pipe(userId, v.description("The user id, as tokens have it"))) }),
  v.title("Disconnection"),
);
const disconnected = v.pipe(
  v.object({
    disconnected: v.pipe(v.number(), v.description("The number of clients, on all nodes of a cluster")),
    partial: partial("its clients may still be connected"),
  }),
  v.title("Disconnected"),
);

const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const ownAwareness = v.pipe(
  v.strictObject({
    state: v.pipe(
      v.nullable(v.record(v.string(), v.unknown())),
      v.description(
        "The awareness state, in a form that the applications agree on: often `user` with `name` and `color`. Null to leave",
      ),
    ),
    clientId: v.optional(
      v.pipe(
        wholeNumber,
        v.description("The client id of the client's Y.Doc. Without it the server chooses one: send that from then on"),
      ),
    ),
    clock: v.optional(
      v.pipe(
        wholeNumber,
        v.maxValue(2 ** 32 - 1),
        v.description("The clock of y-protocols. Without it the server counts"),
      ),
    ),
    stream: v.optional(
      v.pipe(
        v.string(),
        v.maxLength(64),
        v.description("The `stream` of the event `ready`: the state stays as long as this stream is open"),
      ),
    ),
  }),
  v.title("OwnAwareness"),
);
const shownAwareness = v.pipe(
  v.object({
    clientId: v.number(),
    clock: v.number(),
    endsAt: v.pipe(
      v.nullable(time),
      v.description("When the state ends unless it is sent again; null while its stream keeps it"),
    ),
  }),
  v.title("ShownAwareness"),
);

/** The routes for the presence of the clients in a document. */
export function presenceRoutes(options: PresenceRoutesOptions): readonly Route[] {
  const { disconnections, documents, guests, limits, readersShowPresence } = options;
  return [
    route({
      method: "get",
      path: "/v1/docs/{doc}/awareness",
      id: "readAwareness",
      tag,
      summary: "Read the awareness states of the clients in a document",
      needs: "docs:read",
      answers: { 200: { description: "The states, as the clients have set them", json: presence } },
      handle: async ({ document }) => {
        const { entries, isComplete } = await documents.presence(document);
        // Clients may be in a document that nobody has written to.
        if (entries.length === 0) await present(documents, document);
        return json({
          items: entries.map(({ clientId, clock, state }) => ({ clientId, clock, state: JSON.parse(state ?? "null") })),
          ...(isComplete ? {} : { partial: true }),
        });
      },
    }),
    route({
      method: "post",
      path: "/v1/docs/{doc}/awareness",
      id: "showAwareness",
      tag,
      summary: "Show the presence of a client to the others in a document",
      description:
        "For clients without a WebSocket. With `stream`, the state ends with that event stream; without it, after 30 s unless it is sent again. Reading is enough where readers show their presence (`auth.readers-show-presence`); elsewhere it needs the scope docs:write.",
      needs: "docs:read",
      body: jsonBody(ownAwareness, { description: "The state", maxBytes: () => limits.apiJsonBytes }),
      answers: { 200: { description: "It is shown", json: shownAwareness } },
      problems: ["read-only", "overloaded"],
      handle: async ({ body, caller, counted, document, remoteAddress }) => {
        if (!(readersShowPresence || includesScope(caller.scope, "docs:write")))
          throw new Problem(
            "read-only",
            "Presence with read permission is switched off on this server (auth.readers-show-presence).",
          );
        const { endsAt, ...shown } = await guests.show({
          ...{ document, counted, source: sourceOf(caller, remoteAddress) },
          ...{ stream: body.stream, clientId: body.clientId, clock: body.clock },
          state: body.state === null ? undefined : textOf(body.state),
        });
        return json({ ...shown, endsAt: showTime(endsAt) });
      },
    }),
    route({
      method: "post",
      path: "/v1/docs/{doc}/disconnect",
      id: "disconnectClients",
      tag,
      summary: "Disconnect the clients of a document, or those of one user",
      description:
        "They may return, and are authorized anew then (close code 4501): revoke their tokens before (`POST /api/revocations`), or let the webhook deny them. Clients over HTTP are not disconnected.",
      needs: "docs:admin",
      body: optionalJsonBody(disconnection, {
        description: "The user; without a body all clients",
        maxBytes: () => limits.apiJsonBytes,
      }),
      answers: { 200: { description: "How many were disconnected", json: disconnected } },
      handle: async ({ body, document }) => {
        const { count, isComplete } = await disconnections.disconnect(document, body.user);
        return json({ disconnected: count, ...(isComplete ? {} : { partial: true }) });
      },
    }),
  ];
}

/** The JSON text of a state. Throws `Problem` for one that clients might not be able to read. */
function textOf(state: Readonly<Record<string, unknown>>): string {
  try {
    const text = JSON.stringify(state);
    parseStrictly(text);
    return text;
  } catch (error) {
    if (!(error instanceof DecodeError || error instanceof RangeError)) throw error;
    throw new Problem("invalid-request", "The state nests too deep.", {
      errors: [{ pointer: "/state", detail: "give a state that nests less deep" }],
    });
  }
}
