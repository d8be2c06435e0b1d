import * as v from "valibot";
import { jsonBody } from "../../api/bodies.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { integer, text } from "../../api/parameters.ts";
import { Problem } from "../../api/problems.ts";
import { json, noContent, type Route, route } from "../../api/route.ts";
import type { StoredVersion } from "../../storage/history/history-store.ts";
import { showTime, time } from "../document-schemas.ts";
import type { Documents } from "../documents.ts";
import type { DocumentHistory } from "../history/document-history.ts";
import type { DocumentApiLimits } from "../limits.ts";
import { present } from "./document-routes.ts";
import { idOf, versionIdOf } from "./moment-of.ts";

export interface VersionRoutesOptions {
  readonly documents: Documents;
  readonly documentHistory: DocumentHistory;
  readonly limits: Pick<ApiLimits, "apiJsonBytes"> & Pick<DocumentApiLimits, "documentVersions">;
}

const tag = "History";
const maxPage = 500;
const path = "/v1/docs/{doc}/versions";
const pathParameters = { version: "The id of a version" };

const shownVersion = v.pipe(
  v.object({
    id: v.string(),
    sequence: v.pipe(v.number(), v.integer()),
    at: v.nullable(time),
    name: v.nullable(v.string()),
    automatic: v.pipe(v.boolean(), v.description("Whether the server has made it")),
    users: v.pipe(
      v.array(v.string()),
      v.description("The users who have changed the document since the version before"),
    ),
    createdBy: v.nullable(v.string()),
  }),
  v.title("Version"),
);

const shownPage = v.pipe(
  v.object({ items: v.array(shownVersion), next: v.nullable(v.string()) }),
  v.title("VersionPage"),
);

const nameSchema = v.pipe(v.string(), v.nonEmpty(), v.maxLength(200));

/** The routes of versions: list, create, rename, delete. */
export function versionRoutes({ documents, documentHistory, limits }: VersionRoutesOptions): readonly Route[] {
  const maxBytes = () => limits.apiJsonBytes;
  const find = async (document: string, id = ""): Promise<StoredVersion> => {
    const asked = versionIdOf(id);
    const found = asked && (await documentHistory.version(document, asked));
    if (found === undefined) throw new Problem("version-not-found", "The document has no version with this id.");
    return found;
  };
  const demandSpace = async (document: string) => {
    if ((await documentHistory.countNamed(document)) < limits.documentVersions) return;
    throw new Problem("too-many-versions", "Delete one that has a name, or raise limits.document-versions.", {
      bound: "limits.document-versions",
    });
  };
  return [
    route({
      method: "get",
      path,
      id: "listVersions",
      tag,
      summary: "List the versions of a document, the newest first",
      description: "The server makes versions after pauses and in times of activity; others have been named.",
      needs: "docs:write",
      query: {
        limit: integer({ description: "The most versions in the answer", min: 1, max: maxPage, byDefault: 50 }),
        before: text("The `next` of the page before", 40),
      },
      answers: { 200: { description: "A page of versions", json: shownPage } },
      problems: ["storage-unavailable"],
      handle: async ({ document, query }) => {
        await present(documents, document);
        const before = query.before === undefined ? undefined : cursorOf(query.before);
        // One more tells whether there is another page.
        const found = await documentHistory.versions(document, { before, limit: query.limit + 1 });
        const page = found.slice(0, query.limit);
        const last = found.length > query.limit ? page.at(-1) : undefined;
        return json({ items: page.map(showVersion), next: last === undefined ? null : idOf(last) });
      },
    }),
    route({
      method: "post",
      path,
      id: "createVersion",
      tag,
      summary: "Name the present state of a document",
      needs: "docs:write",
      body: jsonBody(v.object({ name: nameSchema }), { description: "The name", maxBytes }),
      answers: { 201: { description: "The version", json: shownVersion } },
      problems: ["too-many-versions", "storage-unavailable", "storage-full"],
      handle: async ({ body: { name }, caller, document }) => {
        await present(documents, document);
        await demandSpace(document);
        const added = await documentHistory.addVersion(document, { name, user: caller.user });
        if (added === undefined) throw new Problem("moment-unknown", "The present state is not known.");
        return json(showVersion(added), 201);
      },
    }),
    route({
      method: "patch",
      path: `${path}/{version}`,
      id: "renameVersion",
      tag,
      summary: "Give a version another name",
      description:
        "A version with a name is kept as long as the history; null takes the name of an automatic one away.",
      needs: "docs:write",
      pathParameters,
      body: jsonBody(v.object({ name: v.nullable(nameSchema) }), { description: "The name", maxBytes }),
      answers: { 200: { description: "The version", json: shownVersion } },
      problems: ["version-not-found", "too-many-versions", "storage-unavailable", "storage-full"],
      handle: async ({ body, document, path: { version } }) => {
        await present(documents, document);
        const found = await find(document, version);
        const name = body.name ?? undefined;
        if (name === undefined && found.number > 0)
          throw new Problem("invalid-request", "A version that was made on request has a name.");
        if (name !== undefined && found.name === undefined) await demandSpace(document);
        await documentHistory.renameVersion(document, found, name);
        return json(showVersion({ ...found, name }));
      },
    }),
    route({
      method: "delete",
      path: `${path}/{version}`,
      id: "deleteVersion",
      tag,
      summary: "Delete a version",
      description: "The history that it names stays.",
      needs: "docs:write",
      pathParameters,
      answers: { 204: { description: "It is deleted" } },
      problems: ["version-not-found", "storage-unavailable", "storage-full"],
      handle: async ({ document, path: { version } }) => {
        await present(documents, document);
        await documentHistory.deleteVersion(document, await find(document, version));
        return noContent();
      },
    }),
  ];
}

function cursorOf(cursor: string): Pick<StoredVersion, "sequence" | "number"> {
  const id = versionIdOf(cursor);
  if (id !== undefined) return id;
  throw new Problem("invalid-request", "A parameter of the query is invalid.", {
    errors: [{ pointer: "before", detail: "give the `next` of a page" }],
  });
}

function showVersion(version: StoredVersion): v.InferOutput<typeof shownVersion> {
  const { at, createdBy, name, number, sequence, users } = version;
  return {
    id: idOf(version),
    sequence,
    at: at === 0 ? null : showTime(at),
    name: name ?? null,
    automatic: number === 0,
    users: [...users],
    createdBy: createdBy ?? null,
  };
}
