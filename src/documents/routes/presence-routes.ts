import * as v from "valibot";
import { optionalJsonBody } from "../../api/bodies.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { json, type Route, route } from "../../api/route.ts";
import { userId } from "../../auth/identifiers.ts";
import type { Documents } from "../documents.ts";
import { present } from "./document-routes.ts";

export interface PresenceRoutesOptions {
  readonly documents: Documents;
  readonly limits: Pick<ApiLimits, "apiJsonBytes">;
}

const tag = "Presence";

const presence = v.pipe(
  v.object({ items: v.array(v.object({ clientId: v.number(), clock: v.number(), state: v.unknown() })) }),
  v.title("Awareness"),
);
const disconnection = v.pipe(v.strictObject({ user: v.optional(userId) }), v.title("Disconnection"));
const disconnected = v.pipe(v.object({ disconnected: v.number() }), v.title("Disconnected"));

/** The routes of those who are in a document. */
export function presenceRoutes({ documents, limits }: PresenceRoutesOptions): readonly Route[] {
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
        const entries = documents.presence(document);
        // Clients may be in a document that nobody has written to.
        if (entries.length === 0) await present(documents, document);
        return json({
          items: entries.map(({ clientId, clock, state }) => ({ clientId, clock, state: JSON.parse(state ?? "null") })),
        });
      },
    }),
    route({
      method: "post",
      path: "/v1/docs/{doc}/disconnect",
      id: "disconnectClients",
      tag,
      summary: "Disconnect the clients of a document, or those of one user",
      description: "They may return, and are authorized anew then (close code 4501).",
      needs: "docs:admin",
      body: optionalJsonBody(disconnection, {
        description: "The user; without a body all clients",
        maxBytes: () => limits.apiJsonBytes,
      }),
      answers: { 200: { description: "How many were disconnected", json: disconnected } },
      handle: ({ body, document }) => json({ disconnected: documents.disconnect(document, body.user) }),
    }),
  ];
}
