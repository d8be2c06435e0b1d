import * as v from "valibot";
import { bytesBody } from "../../api/bodies.ts";
import type { Slots } from "../../api/bounds/slots.ts";
import { changedSince, demandedSequences, entityTag, isKnown, notModified, satisfies } from "../../api/conditions.ts";
import { base64url, choice, type Parameter } from "../../api/parameters.ts";
import { Problem } from "../../api/problems.ts";
import { partialContent, requestedRange } from "../../api/ranges.ts";
import { type Answer, json, type Route, route } from "../../api/route.ts";
import type { RelayLimits } from "../../relay/limits.ts";
import type { WriteOutcome } from "../../relay/server-updates/write-update.ts";
import { checkStateVector } from "../../relay/update/state-vector.ts";
import type { Documents } from "../documents.ts";
import { encodingFor } from "../encodings.ts";
import type { DocumentApiLimits } from "../limits.ts";
import type { DocumentState, DocumentStates } from "../states/document-states.ts";
import type { UpdateMerger } from "../states/update-merger.ts";
import { present } from "./document-routes.ts";

export interface UpdateRoutesOptions {
  readonly documents: Documents;
  readonly states: DocumentStates;
  readonly merger: UpdateMerger;
  /** As `contentSlots`. */
  readonly slots: Slots;
  readonly limits: DocumentApiLimits & Pick<RelayLimits, "stateVectorBytes">;
}

const tag = "Updates";
const octets = "application/octet-stream";
const path = "/v1/docs/{doc}/update";

const etag = { ETag: 'The sequence of the document: "12", or "12.x" with a version of the bytes' };

export const written = v.pipe(
  v.object({
    sequence: v.pipe(v.number(), v.integer(), v.description("The sequence of the document with the update")),
    changed: v.pipe(v.boolean(), v.description("Whether the update had anything new")),
  }),
  v.title("Written"),
);

/** The answer of the routes that write to a document. */
export const writtenAnswer: Answer = { description: "It is stored", json: written, headers: etag };

/** The routes of a document's updates: read, write, create. */
export function updateRoutes(options: UpdateRoutesOptions): readonly Route[] {
  const { documents, limits, merger, slots, states } = options;
  const body = bytesBody({ description: "A Yjs update, format V1", maxBytes: () => limits.apiUpdateBytes });
  return [
    route({
      method: "get",
      path,
      id: "readUpdate",
      tag,
      summary: "Read a document as one Yjs update",
      description:
        "With `sv` the answer leaves out what the owner of that state vector has, except deletions, which are always whole. Without `sv` the answer can be asked for in parts (`Range`).",
      needs: "docs:read",
      query: {
        sv: stateVector(limits),
        format: choice("The format of the update: Yjs' V1 or V2", ["1", "2"], "1"),
      },
      headers: {
        "If-None-Match": "The ETag of an earlier answer: 304 if the document has not changed since",
        Range: "One range of bytes, with an ETag in If-Range",
      },
      answers: {
        200: { description: "The update", type: octets, headers: etag },
        206: { description: "The part of the update that was asked for", type: octets, headers: etag },
        304: { description: "The document has not changed" },
      },
      problems: ["range-not-satisfiable", "overloaded"],
      handle: async ({ counted, document, query, request }) => {
        const { sequence } = await present(documents, document);
        if (isKnown(request, sequence)) return notModified(entityTag(sequence));
        const format = query.format === "1" ? 1 : 2;
        const { sv: stateVector } = query;
        return slots.run(counted, async () => {
          if (stateVector === undefined)
            return wholeAnswer(await states.read(document, format), { document, format, request, states });
          const parts = await documents.read(document);
          const bytes = await merger.merge({ updates: parts.updates, stateVector, format });
          return new Response(bytes, { headers: headersOf(entityTag(parts.sequence)) });
        });
      },
    }),
    route({
      method: "post",
      path,
      id: "writeUpdate",
      tag,
      summary: "Merge a Yjs update into a document",
      description:
        "Creates the document if there is none. When the answer comes, the update is as durable as an acknowledged one of a client, and was sent to all clients. Repeating it changes nothing.",
      needs: "docs:write",
      headers: { "If-Match": "The ETag of the document that was read: 412 if it has changed since" },
      body,
      answers: { 200: writtenAnswer },
      problems: [
        "malformed-update",
        "precondition-failed",
        "document-too-large",
        "storage-unavailable",
        "storage-full",
      ],
      handle: async ({ body: update, caller, document, request }) => {
        const demanded = demandedSequences(request);
        const condition = demanded && ((sequence: number) => satisfies(demanded, sequence));
        return writeAnswer(await documents.write({ document, update, user: caller.user, condition }));
      },
    }),
    route({
      method: "put",
      path,
      id: "createDocument",
      tag,
      summary: "Create a document with its first update, exactly once",
      description: "If several requests create the same document, one succeeds; the others are answered with 412.",
      needs: "docs:write",
      headers: { "If-None-Match": "Required: *" },
      body,
      answers: { 201: { ...writtenAnswer, headers: { ...etag, Location: "The path of the document" } } },
      problems: [
        ...(["malformed-update", "precondition-failed", "precondition-required", "document-too-large"] as const),
        "storage-full",
      ],
      handle: async ({ body: update, caller, document, request }) => {
        if (request.headers.get("if-none-match")?.trim() !== "*")
          throw new Problem("precondition-required", "Send If-None-Match: *, or POST the update to merge it.");
        const condition = (sequence: number) => sequence === 0;
        const outcome = await documents.write({ document, update, user: caller.user, condition });
        if (outcome.kind === "written" && !outcome.isChanged)
          throw new Problem("invalid-request", "The update is empty, and a document without content is none.");
        return writeAnswer(outcome, { status: 201, location: `/v1/docs/${encodeURIComponent(document)}` });
      },
    }),
  ];
}

/** A state vector in the query. */
function stateVector(limits: Pick<RelayLimits, "stateVectorBytes">): Parameter<Uint8Array | undefined> {
  const { description, read, schema } = base64url(
    "A state vector (Y.encodeStateVector), as base64url",
    () => limits.stateVectorBytes,
  );
  const isDecodable = (encoded: Uint8Array | undefined) => encoded === undefined || isStateVector(encoded);
  return { description, schema, read: v.pipe(read, v.check(isDecodable, "give a state vector of Yjs")) };
}

function isStateVector(encoded: Uint8Array): boolean {
  try {
    checkStateVector(encoded);
    return true;
  } catch {
    return false;
  }
}

function headersOf(tag: string): Record<string, string> {
  return { etag: tag, "content-type": octets, "cache-control": "private, no-cache" };
}

/** The answer to a write. Throws `Problem` if it was not done. */
export function writeAnswer(
  outcome: WriteOutcome,
  { location, status = 200 }: { readonly status?: number; readonly location?: string } = {},
): Response {
  switch (outcome.kind) {
    case "refused":
      throw changedSince(outcome.sequence);
    case "too-large":
      throw new Problem(
        "document-too-large",
        "The document would be larger than limits.document-bytes and the like allow.",
      );
    case "written": {
      const { isChanged, sequence } = outcome;
      const headers = { etag: entityTag(sequence), ...(location !== undefined && { location }) };
      return json({ sequence, changed: isChanged }, status, headers);
    }
  }
}

interface WholeRequest {
  readonly document: string;
  readonly format: 1 | 2;
  readonly request: Request;
  readonly states: DocumentStates;
}

async function wholeAnswer(
  state: DocumentState,
  { document, format, request, states }: WholeRequest,
): Promise<Response> {
  const { bytes, sequence, version } = state;
  const tagOfBytes = entityTag(sequence, version);
  const headers = { ...headersOf(tagOfBytes), "accept-ranges": "bytes", vary: "Accept-Encoding" };
  const range = requestedRange(request, tagOfBytes, bytes.byteLength);
  if (range !== undefined) return partialContent(bytes, range, headers);
  const encoding = encodingFor(request, bytes.byteLength);
  if (encoding === undefined) return new Response(bytes, { headers });
  // Other bytes than those without the encoding need another tag.
  return new Response(await states.encode(document, format, state, encoding), {
    headers: { ...headers, etag: entityTag(sequence, `${version}-${encoding}`), "content-encoding": encoding },
  });
}
