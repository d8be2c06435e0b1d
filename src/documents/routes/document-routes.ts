import * as v from "valibot";
import type { Slots } from "../../api/bounds/slots.ts";
import { type Caller, documentNotFound } from "../../api/caller.ts";
import { entityTag } from "../../api/conditions.ts";
import { choice, decodeBase64url, encodeBase64url, flag, integer, optionalChoice, text } from "../../api/parameters.ts";
import { Problem } from "../../api/problems.ts";
import { json, noContent, type Route, route } from "../../api/route.ts";
import { includesScope } from "../../auth/keys/api-keys.ts";
import type { DocumentInfo } from "../../storage/store.ts";
import { type ShownDocument, showDocument, shownDocument } from "../document-schemas.ts";
import type { Documents } from "../documents.ts";

export interface DocumentRoutesOptions {
  readonly documents: Documents;
  /** Those of lists in another order than that of the names: each looks at all documents. */
  readonly orderSlots: Slots;
}

const tag = "Documents";
const maxPage = 500;
const names = ["name"] as const;
const orders = ["name", "bytes", "updated"] as const;

const shownPage = v.pipe(
  v.object({
    items: v.array(v.partial(v.object(shownDocument.entries))),
    next: v.pipe(v.nullable(v.string()), v.description("Give it as `after` for the next page; null on the last one")),
  }),
  v.title("DocumentPage"),
);

/** The routes of documents as a whole: list, info, delete, undelete, purge. */
export function documentRoutes({ documents, orderSlots }: DocumentRoutesOptions): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/v1/docs",
      id: "listDocuments",
      tag,
      summary: "List documents",
      description:
        "In the order of their names, in pages. With another order, the answer has the first documents of that order, and there is no next page; it takes about a second for 200,000 documents.",
      needs: "docs:read",
      query: {
        prefix: text("The names begin with this text"),
        limit: integer({ description: "The most documents in the answer", min: 1, max: maxPage, byDefault: 50 }),
        after: text("The `next` of the page before", 4_096),
        deleted: flag("Whether to list the deleted documents instead; needs the scope docs:admin"),
        fields: optionalChoice("With `name`, the answer has the names alone", names),
        order: choice("`bytes`: the largest first. `updated`: the last changed first", orders, "name"),
      },
      answers: { 200: { description: "A page of documents", json: shownPage } },
      problems: ["overloaded", "storage-unavailable"],
      handle: async ({ caller, counted, keepOpen, query }) => {
        const { deleted, fields, limit, order } = query;
        if (deleted) demandAdmin(caller);
        const after = afterOf(query);
        const prefix = joinedPrefix(caller.prefix, query.prefix ?? "");
        if (prefix === undefined) return json({ items: [], next: null });
        const asked = { prefix, state: deleted ? "deleted" : "present" } as const;
        if (order !== "name") {
          keepOpen();
          const first = await orderSlots.run(counted, () => documents.list({ ...asked, order, limit }));
          return json({ items: showPage(first, fields), next: null });
        }
        // One more tells whether there is another page.
        const found = await documents.list({ ...asked, after, limit: limit + 1 });
        const page = found.slice(0, limit);
        const last = found.length > limit ? page.at(-1) : undefined;
        return json({ items: showPage(page, fields), next: last === undefined ? null : cursorOf(last.name) });
      },
    }),
    route({
      method: "get",
      path: "/v1/docs/{doc}",
      id: "getDocument",
      tag,
      summary: "Get the facts of a document",
      description: "`HEAD` asks whether it exists. A deleted document is shown to administrators only.",
      needs: "docs:read",
      answers: {
        200: {
          description: "The document",
          json: shownDocument,
          headers: { ETag: "The sequence of the document, for If-Match" },
        },
      },
      handle: async ({ caller, document }) => {
        const info = await visible(documents, document, caller);
        return json(showDocument(info), 200, { etag: entityTag(info.sequence) });
      },
    }),
    route({
      method: "delete",
      path: "/v1/docs/{doc}",
      id: "deleteDocument",
      tag,
      summary: "Delete a document",
      description:
        "Its clients are disconnected with close code 4404. It can be taken back until it is purged. Repeating it changes nothing. With `purge`, no byte of the document, its versions and its history is in the server's files when the answer comes; backups keep what they have. Both are done whether the document was deleted before or not.",
      needs: "docs:admin",
      query: { purge: flag("Whether to remove it for ever, with its history") },
      answers: { 204: { description: "It is deleted, or purged" } },
      problems: ["storage-full"],
      handle: async ({ document, query }) => {
        const isFound = await (query.purge ? documents.purge(document) : documents.delete(document));
        if (!isFound) throw documentNotFound();
        return noContent();
      },
    }),
    route({
      method: "post",
      path: "/v1/docs/{doc}/undelete",
      id: "undeleteDocument",
      tag,
      summary: "Take the deletion of a document back",
      needs: "docs:admin",
      description: "Repeating it changes nothing. A document that was purged is not found.",
      answers: { 200: { description: "The document, as it was", json: shownDocument } },
      problems: ["storage-full"],
      handle: async ({ document }) => {
        if (!(await documents.undelete(document))) throw documentNotFound();
        const info = await documents.info(document);
        if (info === undefined) throw documentNotFound();
        return json(showDocument(info));
      },
    }),
  ];
}

function showPage(
  found: readonly DocumentInfo[],
  fields: (typeof names)[number] | undefined,
): readonly Partial<ShownDocument>[] {
  const shown = found.map(showDocument);
  return fields === undefined ? shown : shown.map(({ name }) => ({ name }));
}

/** The facts of a document that exists and is not deleted. Throws `Problem`. */
export async function present(documents: Pick<Documents, "info">, document: string): Promise<DocumentInfo> {
  const info = await documents.info(document);
  if (info === undefined) throw documentNotFound();
  if (info.deletedAt === undefined) return info;
  throw new Problem("document-deleted", "The document is deleted.");
}

/** As `present`, but an administrator is shown a deleted document. */
async function visible(documents: Documents, document: string, { scope }: Caller): Promise<DocumentInfo> {
  const info = await documents.info(document);
  return info !== undefined && includesScope(scope, "docs:admin") ? info : present(documents, document);
}

function demandAdmin({ scope }: Caller): void {
  if (includesScope(scope, "docs:admin")) return;
  throw new Problem("forbidden", "Send an API key with the scope docs:admin to list deleted documents.");
}

/** The longer of two prefixes, if the names with it are those with both; undefined if there are none. */
export function joinedPrefix(one: string, other: string): string | undefined {
  const [shorter, longer] = one.length < other.length ? [one, other] : [other, one];
  return longer.startsWith(shorter) ? longer : undefined;
}

function cursorOf(name: string): string {
  return encodeBase64url(new TextEncoder().encode(name));
}

interface PageStart {
  readonly after: string | undefined;
  readonly order: (typeof orders)[number];
}

/** The name after which a page begins. Throws `Problem`. */
function afterOf({ after: cursor, order }: PageStart): string | undefined {
  if (cursor === undefined) return undefined;
  if (order !== "name") throw invalidAfter("give it without `order`, which has one page");
  const bytes = decodeBase64url(cursor);
  if (bytes !== undefined) return new TextDecoder().decode(bytes);
  throw invalidAfter("give the `next` of a page");
}

function invalidAfter(detail: string): Problem {
  const errors = [{ pointer: "after", detail }];
  return new Problem("invalid-request", "A parameter of the query is invalid.", { errors });
}
