import * as v from "valibot";
import type { Body } from "../../api/bodies.ts";
import { type Caller, documentNotFound } from "../../api/caller.ts";
import { demandedSequences, entityTag, isKnown, notModified, satisfies } from "../../api/conditions.ts";
import { choice, optionalChoice } from "../../api/parameters.ts";
import { Problem, type ProblemCode } from "../../api/problems.ts";
import { type Answer, type Call, type Route, route } from "../../api/route.ts";
import { EditRefused } from "../edits/content/edit-refused.ts";
import { askedKinds, rootKinds } from "../edits/content/root-type.ts";
import type { EditJob, ReadJob } from "../edits/content-job.ts";
import type { DocumentContent, EditOutcome } from "../edits/document-content.ts";
import type { ContentLimits } from "../edits/limits.ts";
import { patchSchema } from "../edits/patch-schema.ts";
import { encodingFor } from "../encodings.ts";
import { writeAnswer, writtenAnswer } from "./update-routes.ts";

export interface ContentRoutesOptions {
  readonly content: DocumentContent;
  /** Whether edits need a condition on the document. */
  readonly requiresMatch: () => boolean;
  readonly limits: Pick<ContentLimits, "patchBytes" | "patchOperations">;
}

const tag = "Content";
const pathParameters = { root: "The name of a root: the name with which applications open a shared type" };
const etag = { ETag: "The sequence of the document" };
const ifNoneMatch = { "If-None-Match": "The ETag of an earlier answer: 304 if the document has not changed since" };
const ifMatch = { "If-Match": "The ETag of the document that was read: 412 if it has changed since" };

/** Any page may send people to these addresses, and the content is that of users: nothing in it may run. */
const inertHeaders = {
  "content-security-policy": "default-src 'none'; sandbox",
  "x-content-type-options": "nosniff",
  "cache-control": "private, no-cache",
};

const anyJson = v.pipe(v.any(), v.title("Json"));

const readProblems: readonly ProblemCode[] = [
  "root-not-found",
  "root-type-mismatch",
  "document-too-complex",
  "storage-unavailable",
  "overloaded",
];

const editProblems: readonly ProblemCode[] = [
  "malformed-json",
  "pending-updates",
  "precondition-failed",
  "precondition-required",
  "document-too-large",
  "wrong-value",
  "root-type-unknown",
  "root-type-mismatch",
  "not-expressible",
  "document-too-complex",
  "storage-unavailable",
  "storage-full",
  "overloaded",
];

const patchProblems: readonly ProblemCode[] = [
  "malformed-pointer",
  "path-not-found",
  "out-of-range",
  "test-failed",
  "text-not-unique",
];

const asRoot = optionalChoice("The type of the root, if its content does not show it", rootKinds);
const asNew = optionalChoice(
  "The type of a root that has no content yet; auto: map for an object, array for an array, text for a string",
  askedKinds,
);
const nesting = optionalChoice(
  "How new objects and arrays are stored: as shared types, or as plain values. By default as those beside them",
  ["shared", "plain"],
);

/** The routes that read and change the content of documents: JSON, text and XML. */
export function contentRoutes(options: ContentRoutesOptions): readonly Route[] {
  const { limits } = options;
  const json = "application/json";
  const reading = {
    method: "get",
    tag,
    needs: "docs:read",
    headers: ifNoneMatch,
    problems: readProblems,
  } as const;
  const writing = { tag, needs: "docs:write", query: { as: asNew, nesting } } as const;
  return [
    route({
      ...reading,
      path: "/v1/docs/{doc}/json",
      id: "readJson",
      summary: "Read the content of a document as JSON",
      description:
        "An object with a member for each root that has content. Texts are strings without their formatting, XML is a string; bytes are in Base64.",
      answers: readAnswers({ description: "The content", json: anyJson }),
      handle: (call) => read(options, call, { kind: "json" }, json),
    }),
    route({
      ...reading,
      path: "/v1/docs/{doc}/json/{root}",
      id: "readRootJson",
      summary: "Read one root of a document as JSON",
      pathParameters,
      query: { as: asRoot },
      answers: readAnswers({ description: "The content of the root", json: anyJson }),
      handle: (call) => read(options, call, { kind: "json", root: call.path["root"], as: call.query.as }, json),
    }),
    route({
      ...reading,
      path: "/v1/docs/{doc}/text/{root}",
      id: "readText",
      summary: "Read a text, or the text in XML",
      description:
        "Positions in the text are those of the operation text of a patch: an embedded object is one U+FFFC. XML has a line for each element with text. With `format=delta` the answer is JSON: the list of Y.Text.toDelta, with the formatting.",
      pathParameters,
      query: {
        as: asRoot,
        format: choice("The characters, or JSON with their formatting", ["plain", "delta"], "plain"),
      },
      answers: readAnswers({ description: "The text", type: "text/plain" }),
      handle: (call) => {
        const { root = "" } = call.path;
        const { as, format } = call.query;
        if (format === "delta") return read(options, call, { kind: "delta", root }, json);
        return read(options, call, { kind: "text", root, as }, "text/plain; charset=utf-8");
      },
    }),
    route({
      ...reading,
      path: "/v1/docs/{doc}/xml/{root}",
      id: "readXml",
      summary: "Read a root of XML",
      description:
        "A fragment: it may have several elements, and texts beside them. Formatting is elements around the text.",
      pathParameters,
      answers: readAnswers({ description: "The XML", type: "application/xml" }),
      handle: (call) => {
        const { root = "" } = call.path;
        return read(options, call, { kind: "xml", root }, "application/xml; charset=utf-8");
      },
    }),
    route({
      ...writing,
      method: "patch",
      path: "/v1/docs/{doc}/json",
      id: "patchJson",
      summary: "Change a document by a JSON Patch",
      description:
        "All operations are done, as one update, or none. Values that are replaced by some alike keep their identity, so that what others edit inside meanwhile is kept. `text` changes a part of a text, also of one in XML: `{op, path, at, del, ins}`, or `find` instead of `at` and `del`.",
      headers: ifMatch,
      body: jsonBytes(["application/json-patch+json"], limits, "The operations", patchSchema),
      answers: { 200: writtenAnswer },
      problems: [...editProblems, ...patchProblems],
      handle: ({ body, query, ...call }) => {
        return edit(options, call, { kind: "patch", body, maxOperations: limits.patchOperations, ...query });
      },
    }),
    route({
      ...writing,
      method: "put",
      path: "/v1/docs/{doc}/json",
      id: "putJson",
      summary: "Make the roots of a document equal to JSON",
      description:
        "Changes the roots that the object names, and no others. Only what differs is changed: a text where it differs, an array between the first and the last members that differ. Creates the document if there is none.",
      headers: { ...ifMatch, "If-None-Match": "*: 412 if the document exists" },
      body: jsonBytes([json], limits, "An object with a member for each root", anyJson),
      answers: { 200: writtenAnswer },
      problems: editProblems,
      handle: ({ body, query, ...call }) => edit(options, call, { kind: "put", body, ...query }),
    }),
    route({
      ...writing,
      method: "put",
      path: "/v1/docs/{doc}/json/{root}",
      id: "putRootJson",
      summary: "Make one root of a document equal to JSON",
      description: "As the same for all roots.",
      pathParameters,
      headers: { ...ifMatch, "If-None-Match": "*: 412 if the document exists" },
      body: jsonBytes([json], limits, "The JSON of the root", anyJson),
      answers: { 200: writtenAnswer },
      problems: editProblems,
      handle: ({ body, query, ...call }) => {
        return edit(options, call, { kind: "put", body, root: call.path["root"], ...query });
      },
    }),
  ];
}

function readAnswers(answer: Answer): Readonly<Record<number, Answer>> {
  return { 200: { ...answer, headers: etag }, 304: { description: "The document has not changed" } };
}

/** A body of JSON that a worker reads. */
function jsonBytes(
  types: readonly string[],
  limits: Pick<ContentLimits, "patchBytes">,
  description: string,
  schema: v.GenericSchema,
): Body<Uint8Array> {
  return { types, description, schema, maxBytes: () => limits.patchBytes, decode: (bytes) => bytes };
}

type ContentCall = Pick<
  Call<Record<never, never>, unknown>,
  "caller" | "counted" | "document" | "remoteAddress" | "request"
>;

/** The client whose turn it is, when several wait for a worker. */
export function sourceOf(caller: Pick<Caller, "user">, remoteAddress: string): string {
  return caller.user ?? remoteAddress;
}

async function read(
  { content }: ContentRoutesOptions,
  { caller, counted, document, remoteAddress, request }: ContentCall,
  job: ReadJob,
  type: string,
): Promise<Response> {
  const sequence = await content.sequenceOf(document);
  if (sequence === 0) throw documentNotFound();
  if (isKnown(request, sequence)) return notModified(entityTag(sequence));
  const source = sourceOf(caller, remoteAddress);
  const found =
    content.kept({ document, job }, sequence) ??
    (await refusing(() => content.read({ document, job, source, counted, signal: request.signal })));
  if (found === undefined) throw documentNotFound();
  const headers = { ...inertHeaders, "content-type": type, vary: "Accept-Encoding" };
  const encoding = encodingFor(request, found.body.size);
  if (encoding === undefined)
    return new Response(found.body, { headers: { ...headers, etag: entityTag(found.sequence) } });
  return new Response(await content.encode(found, encoding), {
    // Other bytes than those without the encoding need another tag.
    headers: { ...headers, etag: entityTag(found.sequence, encoding), "content-encoding": encoding },
  });
}

async function edit(
  { content, requiresMatch }: ContentRoutesOptions,
  { caller, counted, document, remoteAddress, request }: ContentCall,
  job: EditJob,
): Promise<Response> {
  const condition = conditionOf(request);
  if (condition === undefined && requiresMatch()) throw conditionMissing();
  const outcome = await refusing(() =>
    content.edit({
      document,
      job,
      user: caller.user,
      condition,
      mayCreate: job.kind === "put",
      source: sourceOf(caller, remoteAddress),
      counted,
      signal: request.signal,
    }),
  );
  return editAnswer(outcome);
}

/** The condition that the headers of a request set; undefined if they set none. Throws `Problem`. */
function conditionOf(request: Request): ((sequence: number) => boolean) | undefined {
  const demanded = demandedSequences(request);
  const isNew = request.headers.get("if-none-match")?.trim() === "*";
  if (demanded === undefined && !isNew) return undefined;
  return (sequence) => satisfies(demanded, sequence) && !(isNew && sequence > 0);
}

/** RFC 6585 §3. */
function conditionMissing(): Problem {
  return new Problem(
    "precondition-required",
    "Send If-Match with the ETag of the document that you have read, or If-None-Match: * to create it by PUT.",
  );
}

function editAnswer(outcome: EditOutcome): Response {
  if (outcome.kind === "missing") throw documentNotFound();
  if (outcome.kind === "written" && outcome.sequence === 0)
    throw new Problem("wrong-value", "The JSON is empty, and a document without content is none.");
  return writeAnswer(outcome);
}

/** Runs a task, and answers its refusals as problems. */
export async function refusing<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error;
    const { code, message, pointer } = error;
    throw new Problem(code, message, pointer === undefined ? {} : { errors: [{ pointer, detail: message }] });
  }
}
