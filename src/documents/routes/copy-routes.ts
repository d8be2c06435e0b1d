import * as v from "valibot";
import { type Body, jsonBody } from "../../api/bodies.ts";
import type { Slots } from "../../api/bounds/slots.ts";
import { accessEnded, type Caller, demandScope, documentNotFound } from "../../api/caller.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { choice, flag, text } from "../../api/parameters.ts";
import { Problem } from "../../api/problems.ts";
import { type Call, json, type Route, route } from "../../api/route.ts";
import { includesScope } from "../../auth/keys/api-keys.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import { documentLinesType } from "../../storage/document-lines.ts";
import type { HistoryStore } from "../../storage/history/history-store.ts";
import type { DocumentInfo } from "../../storage/store.ts";
import { documentsWith, exportLines } from "../copies/export-lines.ts";
import { type ForkCollaborators, forkDocument } from "../copies/fork-document.ts";
import { ImportMalformed, type ImportOptions, importLines } from "../copies/import-lines.ts";
import { lineStream } from "../copies/line-stream.ts";
import { LineTooLong, linesIn } from "../copies/lines-in.ts";
import { untilStalled } from "../copies/stalls.ts";
import type { Documents } from "../documents.ts";
import type { DocumentContent } from "../edits/document-content.ts";
import type { DocumentApiLimits } from "../limits.ts";
import type { UpdateMerger } from "../states/update-merger.ts";
import { sourceOf } from "./content-routes.ts";
import { joinedPrefix, present } from "./document-routes.ts";
import { historyProblem } from "./history-problem.ts";
import { momentOf, momentText } from "./moment-of.ts";
import { writeAnswer, writtenAnswer } from "./update-routes.ts";

export interface CopyRoutesOptions
  extends Pick<ForkCollaborators, "documentHistory" | "keepsDeleted">,
    Pick<ImportOptions, "keepVersion"> {
  readonly documents: Documents;
  readonly history: HistoryStore;
  /** How long the history of a document is kept, in milliseconds. */
  readonly keepMs: (document: string) => number;
  readonly content: DocumentContent;
  readonly merger: UpdateMerger;
  /** As `copySlots`. */
  readonly copySlots: Slots;
  readonly clock: Clock;
  readonly limits: Pick<ApiLimits, "apiJsonBytes"> & Pick<DocumentApiLimits, "apiUpdateBytes"> & RoomLimits;
}

const tag = "Copies";
const forkOrder = v.pipe(
  v.strictObject({
    to: v.pipe(v.string(), v.description("The name of the new document")),
    at: v.optional(v.pipe(v.string(), v.maxLength(40), v.description(`${momentText}; by default the present`))),
  }),
  v.title("Fork"),
);

const count = (description: string) => v.pipe(v.number(), v.integer(), v.description(description));

const importResult = v.pipe(
  v.object({
    created: count("Documents that are new"),
    merged: count("Documents that existed, and have changed"),
    skipped: count("Documents that existed and were left, or that have nothing new"),
    histories: count("Documents that are new, and have the history of the export"),
    refusedCount: count("Documents that were refused"),
    refused: v.pipe(
      v.array(
        v.object({
          name: v.string(),
          reason: v.pipe(
            v.picklist(["forbidden", "invalid-name", "malformed-update", "too-large", "deleted"]),
            v.description(
              "forbidden: the key or token is not for the name; deleted: a document of that name is deleted",
            ),
          ),
        }),
      ),
      v.description("The first 100 of them"),
    ),
  }),
  v.title("ImportResult"),
);

/** The problems of reading a document, or a moment of it. */
const readProblems = ["moment-unknown", "document-too-complex", "storage-unavailable", "overloaded"] as const;

/** The members of a line around an update in base64. */
const lineOverhead = 1_024;

const withHistory = flag("Whether the histories and versions are exported as well; they need the scope docs:write");

const exportAnswer = { description: "Lines of JSON; the last one has `end`", type: documentLinesType };

/** The routes that copy whole documents: fork, export, import. */
export function copyRoutes(options: CopyRoutesOptions): readonly Route[] {
  const { documents, limits } = options;
  return [
    route({
      method: "post",
      path: "/v1/docs/{doc}/fork",
      id: "forkDocument",
      tag,
      summary: "Copy the content of a document into a new one",
      description:
        "The sender needs to be allowed to write the new document, and with `at`, which reads the history, this one as well. Content that was deleted is not copied, and the new document has a history of its own.",
      needs: "docs:read",
      takesIdempotencyKey: true,
      body: jsonBody(forkOrder, { description: "The new document", maxBytes: () => limits.apiJsonBytes }),
      answers: {
        201: { ...writtenAnswer, headers: { ...writtenAnswer.headers, Location: "The path of the document" } },
      },
      problems: ["document-exists", "document-too-large", "wrong-value", "storage-full", ...readProblems],
      handle: (call) => fork(options, call),
    }),
    route({
      method: "get",
      path: "/v1/docs/{doc}/export",
      id: "exportDocument",
      tag,
      summary: "Export a document",
      description:
        "The facts of the document, and its updates as base64: for `POST /v1/import` and `yurt documents import`. An answer without its last line is not complete.",
      needs: "docs:read",
      query: { history: withHistory },
      answers: { 200: exportAnswer },
      problems: ["storage-unavailable", "overloaded"],
      handle: async (call) => {
        demandHistory(call);
        return exportAll(options, call, only(await present(documents, call.document)));
      },
    }),
    route({
      method: "get",
      path: "/v1/export",
      id: "exportDocuments",
      tag,
      summary: "Export all documents that the sender may see",
      description: "As the same for one document.",
      needs: "docs:read",
      query: { prefix: text("The names begin with this text"), history: withHistory },
      answers: { 200: exportAnswer },
      problems: ["storage-unavailable", "overloaded"],
      handle: (call) => {
        demandHistory(call);
        const prefix = joinedPrefix(call.caller.prefix, call.query.prefix ?? "");
        return exportAll(options, call, prefix === undefined ? none() : documentsWith(documents, prefix));
      },
    }),
    route({
      method: "post",
      path: "/v1/import",
      id: "importDocuments",
      tag,
      summary: "Write the documents of an export",
      description:
        "Each document is written completely or not at all, and is on disk when the answer comes. A request that was cut short can be repeated. Histories are taken from senders with the scope docs:admin, for documents that are new.",
      needs: "docs:write",
      query: {
        existing: choice("Whether documents that exist are left as they are, or merged", ["skip", "merge"], "skip"),
      },
      takesIdempotencyKey: true,
      body: exportBody,
      answers: { 200: { description: "What was done", json: importResult } },
      problems: ["malformed-json", "body-too-large", "storage-unavailable", "storage-full", "overloaded"],
      handle: (call) => importAll(options, call),
    }),
  ];
}

/** The lines of an export, which are read as they come. */
const exportBody: Body<undefined> = {
  types: [documentLinesType],
  description: "The lines of an export",
  maxBytes: undefined,
  decode: () => undefined,
};

type CopyCall<Input = unknown> = Omit<Call<Record<never, never>, Input>, "query">;

async function fork(
  options: CopyRoutesOptions,
  { body: { at, to }, ...call }: CopyCall<v.InferOutput<typeof forkOrder>>,
): Promise<Response> {
  const { caller, counted, document, permit, remoteAddress, request } = call;
  const moment = at === undefined ? undefined : momentOf(at, "/at");
  if (moment !== undefined) {
    demandScope(caller, "docs:write");
    await present(options.documents, document);
  }
  const writer = await permit(to, "docs:write");
  try {
    const source = sourceOf(caller, remoteAddress);
    const order = { document, to, moment, source, counted, user: writer.user, signal: request.signal };
    const outcome = await historyProblem(() => forkDocument(options, order));
    if (outcome.kind === "missing") throw documentNotFound();
    if (outcome.kind === "exists")
      throw new Problem(
        "document-exists",
        "Another document has the name, or had it and is deleted. Choose another one.",
      );
    if (outcome.kind === "empty")
      throw new Problem("wrong-value", "There was no content at that moment, and a document without content is none.");
    return writeAnswer(outcome, { status: 201, location: `/v1/docs/${encodeURIComponent(to)}` });
  } finally {
    writer.release();
  }
}

const exportHeaders = {
  "content-type": documentLinesType,
  "content-disposition": 'attachment; filename="documents.ndjson"',
  "cache-control": "no-store",
};

/** Checks the scope for a history, which has deleted content. Throws `Problem`. */
function demandHistory({ caller, query: { history } }: Pick<CopyCall, "caller"> & HistoryQuery): void {
  if (history) demandScope(caller, "docs:write");
}

type ExportCall = Pick<CopyCall, "caller" | "counted" | "keepCaller" | "keepOpen" | "request"> & HistoryQuery;

interface HistoryQuery {
  readonly query: { readonly history: boolean };
}

function exportAll(
  { clock, copySlots, documents, history }: CopyRoutesOptions,
  { caller, counted, keepCaller, keepOpen, query, request }: ExportCall,
  selected: AsyncIterable<DocumentInfo>,
): Response {
  // Otherwise no reader would end the export.
  if (request.method === "HEAD") return new Response(null, { headers: exportHeaders });
  const end = copySlots.take(counted);
  keepOpen();
  keepCaller();
  const lines = exportLines(allowed(selected, caller), { documents, history: query.history ? history : undefined });
  const body = lineStream(lines, {
    clock,
    ended: () => {
      end();
      caller.release();
    },
  });
  return new Response(body, { headers: exportHeaders });
}

/** Throws as soon as the caller has lost its access. */
async function* allowed(selected: AsyncIterable<DocumentInfo>, caller: Caller): AsyncGenerator<DocumentInfo> {
  for await (const info of selected) {
    if (caller.hasEnded || !(await caller.isAllowedStill())) throw new Error("the access of the reader has ended");
    yield info;
  }
}

async function* only(info: DocumentInfo): AsyncGenerator<DocumentInfo> {
  yield info;
}

async function* none(): AsyncGenerator<never> {}

async function importAll(
  { clock, copySlots, documents, history, keepMs, keepVersion, limits, merger }: CopyRoutesOptions,
  {
    caller,
    counted,
    keepOpen,
    query,
    request,
  }: Pick<CopyCall, "caller" | "counted" | "keepOpen" | "request"> & {
    readonly query: { readonly existing: "skip" | "merge" };
  },
): Promise<Response> {
  const end = copySlots.take(counted);
  keepOpen();
  const maxDocumentBytes = limits.apiUpdateBytes;
  try {
    const lines = linesIn(
      untilStalled(request.body ?? none(), clock),
      Math.ceil((maxDocumentBytes * 4) / 3) + lineOverhead,
    );
    const result = await importLines(lines, {
      clock,
      documents,
      history: includesScope(caller.scope, "docs:admin") ? history : undefined,
      keepsHistory: (document) => keepMs(document) > 0,
      keepVersion,
      merger,
      existing: query.existing,
      isAllowed: async (document) => {
        if (caller.hasEnded || !(await caller.isAllowedStill())) throw accessEnded();
        return document.startsWith(caller.prefix);
      },
      maxDocumentBytes,
      nameBytes: limits.nameBytes,
      user: caller.user,
    });
    return json(result);
  } catch (error) {
    if (error instanceof LineTooLong)
      throw new Problem("body-too-large", "A line is larger than limits.api-update-bytes allows.");
    if (error instanceof ImportMalformed)
      throw new Problem(error.isJson ? "invalid-request" : "malformed-json", error.message);
    throw error;
  } finally {
    end();
  }
}
