import * as v from "valibot";
import { jsonBody } from "../../api/bodies.ts";
import { demandedSequences, satisfies } from "../../api/conditions.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { integer, text } from "../../api/parameters.ts";
import { Problem, type ProblemCode } from "../../api/problems.ts";
import { type Answer, type Call, json, noContent, type Route, route } from "../../api/route.ts";
import type { Documents } from "../documents.ts";
import type { ReadJob } from "../edits/content-job.ts";
import type { DocumentHistory, HistoryRead, HistoryRequest } from "../history/document-history.ts";
import { sourceOf } from "./content-routes.ts";
import { present } from "./document-routes.ts";
import { historyProblem } from "./history-problem.ts";
import { momentOf, momentText, timeOf } from "./moment-of.ts";
import { writeAnswer } from "./update-routes.ts";

export interface HistoryRoutesOptions {
  readonly documents: Documents;
  readonly documentHistory: DocumentHistory;
  readonly limits: Pick<ApiLimits, "apiJsonBytes">;
}

const tag = "History";
const octets = "application/octet-stream";
const jsonType = "application/json";
const dayMs = 86_400_000;
const pathParameters = { moment: momentText, root: "The name of a root" };
const sequenceHeader = { "Yurt-Sequence": "The last update that the moment has" };
const problems: readonly ProblemCode[] = [
  "moment-unknown",
  "root-not-found",
  "root-type-mismatch",
  "document-too-complex",
  "storage-unavailable",
  "overloaded",
];
const anyJson = v.pipe(v.any(), v.title("Json"));
/** The content is that of users: nothing in it may run. */
const inertHeaders = {
  "content-security-policy": "default-src 'none'; sandbox",
  "x-content-type-options": "nosniff",
  "cache-control": "private, no-store",
};

type AnyCall = Pick<
  Call<Record<never, never>, unknown>,
  "caller" | "counted" | "document" | "remoteAddress" | "request"
>;

/** The routes of a document's history: moments, difference, blame, activity, restoring, erasure. */
export function historyRoutes({ documents, documentHistory, limits }: HistoryRoutesOptions): readonly Route[] {
  const reading = { method: "get", tag, needs: "docs:write", problems } as const;
  const read = async (call: AnyCall, type: string, task: (request: HistoryRequest) => Promise<HistoryRead>) => {
    await present(documents, call.document);
    const { body, last } = await historyProblem(() => task(requestOf(call)));
    const moment: Record<string, string> = last.sequence === 0 ? {} : { "yurt-sequence": String(last.sequence) };
    return new Response(body, { headers: { "content-type": type, ...inertHeaders, ...moment } });
  };
  const readMoment = (
    call: AnyCall & Pick<Call<Record<never, never>, unknown>, "path">,
    type: string,
    job: ReadJob,
  ) => {
    const moment = momentOf(call.path["moment"] ?? "", "moment");
    return read(call, type, (request) => documentHistory.read(request, moment, job));
  };
  return [
    route({
      ...reading,
      path: "/v1/docs/{doc}/at/{moment}/update",
      id: "readUpdateAt",
      summary: "Read a document at a moment as one Yjs update",
      pathParameters,
      answers: { 200: readAnswer({ type: octets }) },
      handle: (call) => readMoment(call, octets, { kind: "update", format: 1 }),
    }),
    route({
      ...reading,
      path: "/v1/docs/{doc}/at/{moment}/json",
      id: "readJsonAt",
      summary: "Read a document at a moment as JSON",
      pathParameters,
      answers: { 200: readAnswer({ json: anyJson }) },
      handle: (call) => readMoment(call, jsonType, { kind: "json" }),
    }),
    route({
      ...reading,
      path: "/v1/docs/{doc}/at/{moment}/text/{root}",
      id: "readTextAt",
      summary: "Read a text at a moment, or the text in XML",
      pathParameters,
      answers: { 200: readAnswer({ type: "text/plain" }) },
      handle: (call) => readMoment(call, "text/plain; charset=utf-8", { kind: "text", root: call.path["root"] ?? "" }),
    }),
    route({
      ...reading,
      path: "/v1/docs/{doc}/at/{moment}/xml/{root}",
      id: "readXmlAt",
      summary: "Read a root of XML at a moment",
      pathParameters,
      answers: { 200: readAnswer({ type: "application/xml" }) },
      handle: (call) => {
        return readMoment(call, "application/xml; charset=utf-8", { kind: "xml", root: call.path["root"] ?? "" });
      },
    }),
    route({
      ...reading,
      path: "/v1/docs/{doc}/diff",
      id: "diffMoments",
      summary: "Compare a document at two moments",
      description:
        "With `root`, the parts of a text: what stays, what was added, what was removed, with the user and the time. Without it the JSON of both moments. The earlier moment comes first.",
      query: {
        from: text(momentText, 40),
        to: text(`${momentText}; by default the present`, 40),
        root: text("The name of a root that is a text"),
      },
      answers: { 200: readAnswer({ json: anyJson }) },
      handle: (call) => {
        const { from = "", root, to } = call.query;
        const present = { sequence: Number.MAX_SAFE_INTEGER };
        return read(call, jsonType, async (request) => {
          const moments = [momentOf(from, "from"), to === undefined ? present : momentOf(to, "to")] as const;
          return documentHistory.diff(request, moments, root);
        });
      },
    }),
    route({
      ...reading,
      path: "/v1/docs/{doc}/blame/{root}",
      id: "blameText",
      summary: "Read the parts of a text with the users who wrote them",
      description: "A user is the one whose client has sent the text to the server first; null if unknown.",
      pathParameters,
      query: { at: text(`${momentText}; by default the present`, 40) },
      answers: { 200: readAnswer({ json: anyJson }) },
      handle: (call) => {
        const { at } = call.query;
        const moment = at === undefined ? { sequence: Number.MAX_SAFE_INTEGER } : momentOf(at, "at");
        return read(call, jsonType, (request) => documentHistory.blame(request, moment, call.path["root"] ?? ""));
      },
    }),
    route({
      ...reading,
      path: "/v1/docs/{doc}/activity",
      id: "listActivity",
      summary: "List the times in which a document was changed",
      query: {
        from: text("The begin, as RFC 3339; by default a day before the end", 40),
        to: text("The end, as RFC 3339; by default now", 40),
        by: text("The user whose changes are listed"),
        gap: integer({
          description: "The pause, in seconds, that ends an activity",
          min: 1,
          max: 86_400,
          byDefault: 60,
        }),
      },
      answers: { 200: readAnswer({ json: anyJson }) },
      handle: (call) => {
        const to = timeIn(call.query.to, "to") ?? Date.now();
        const from = timeIn(call.query.from, "from") ?? to - dayMs;
        const range = { from, to, by: call.query.by, gapMs: call.query.gap * 1_000 };
        return read(call, jsonType, (request) => documentHistory.activity(request, range));
      },
    }),
    route({
      method: "post",
      path: "/v1/docs/{doc}/restore",
      id: "restoreDocument",
      tag,
      summary: "Make a document as it was at a moment",
      description:
        "The server makes an edit that removes what was added since the moment and inserts again what was deleted, and clients receive it as any other edit. The state before it becomes a version. With `dryRun` nothing is written.",
      needs: "docs:write",
      headers: { "If-Match": "The ETag of the document that was read: 412 if it has changed since" },
      body: jsonBody(v.object({ at: v.pipe(v.string(), v.maxLength(40)), dryRun: v.optional(v.boolean(), false) }), {
        description: "The moment",
        maxBytes: () => limits.apiJsonBytes,
      }),
      answers: { 200: { description: "It is restored, or would be", json: anyJson } },
      problems: [...problems, "precondition-failed", "document-too-large", "storage-full"],
      handle: async (call) => {
        const { body, caller, document, request } = call;
        await present(documents, document);
        const moment = momentOf(body.at, "/at");
        const demanded = demandedSequences(request);
        const condition = demanded && ((sequence: number) => satisfies(demanded, sequence));
        const outcome = await historyProblem(() =>
          documentHistory.restore({
            ...requestOf(call),
            ...{ moment, user: caller.user, isDry: body.dryRun, condition },
          }),
        );
        if (outcome.kind === "dry") return json({ bytes: outcome.bytes, changed: outcome.bytes > 0 });
        return writeAnswer(outcome);
      },
    }),
    route({
      method: "delete",
      path: "/v1/docs/{doc}/history",
      id: "eraseHistory",
      tag,
      summary: "Erase the history of a document",
      description:
        "The document stays as it is; content that was deleted is gone, and so are versions of that time. When the answer comes, nothing of it is in the server's files; backups keep what they have.",
      needs: "docs:admin",
      query: { before: text("Only what is older than this time (RFC 3339), and the segment that it is in", 40) },
      answers: { 204: { description: "It is erased" } },
      problems: ["storage-unavailable", "storage-full", "overloaded", "document-too-complex"],
      handle: async ({ document, query }) => {
        await present(documents, document);
        const before = timeIn(query.before, "before");
        await historyProblem(() => documentHistory.erase(document, before));
        return noContent();
      },
    }),
  ];
}

function readAnswer(body: Pick<Answer, "json" | "type">): Answer {
  return { description: "The answer", headers: sequenceHeader, ...body };
}

function requestOf({ caller, counted, document, remoteAddress, request }: AnyCall): HistoryRequest {
  return { document, counted, source: sourceOf(caller, remoteAddress), signal: request.signal };
}

/** Epoch milliseconds; undefined for a parameter that is missing. Throws `Problem`. */
function timeIn(given: string | undefined, pointer: string): number | undefined {
  if (given === undefined) return undefined;
  const at = timeOf(given);
  if (at !== undefined) return at;
  throw new Problem("invalid-request", "A parameter of the query is invalid.", {
    errors: [{ pointer, detail: "give a time as RFC 3339, such as 2026-01-31T12:00:00Z" }],
  });
}
