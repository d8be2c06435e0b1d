import * as v from "valibot";
import { jsonBody } from "../../api/bodies.ts";
import { demandAdministrator } from "../../api/caller.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { Problem } from "../../api/problems.ts";
import { json, noContent, type Route, route } from "../../api/route.ts";
import { apiKeyOrder } from "../../auth/keys/api-key-order.ts";
import { type ApiKey, ApiKeyNameTaken, type KeptApiKeys, scopes, TooManyApiKeys } from "../../auth/keys/api-keys.ts";
import type { Log } from "../../ops/log.ts";
import { time } from "../overview/server-schemas.ts";

export interface ApiKeyRoutesOptions {
  readonly keys: KeptApiKeys;
  readonly limits: Pick<ApiLimits, "apiJsonBytes">;
  readonly log: Log;
}

const common = { tag: "Administration", needs: "docs:admin" } as const;

const keyEntries = {
  id: v.pipe(v.string(), v.description("Never given to another key")),
  name: v.pipe(v.string(), v.description("What the key writes has the user `key:NAME`")),
  scope: v.picklist(scopes),
  prefix: v.pipe(v.string(), v.description("The names of its documents begin with this text; empty for all documents")),
  createdAt: time("When the key was created"),
};
const shownKey = v.pipe(v.object(keyEntries), v.title("ApiKey"));
const shownKeys = v.pipe(
  v.object({ items: v.pipe(v.array(shownKey), v.description("In the order in which they were created")) }),
  v.title("ApiKeys"),
);
const madeKey = v.pipe(
  v.object({ ...keyEntries, key: v.pipe(v.string(), v.description("The key. It is shown this once")) }),
  v.title("CreatedApiKey"),
);

/** The routes for API keys, which `yurt api-key` lists, creates and revokes as well. */
export function apiKeyRoutes({ keys, limits, log }: ApiKeyRoutesOptions): readonly Route[] {
  return [
    route({
      ...common,
      method: "get",
      path: "/v1/api-keys",
      id: "listApiKeys",
      summary: "List the API keys, without the keys themselves",
      description: "The server keeps only their hashes. Needs an administrator's token: no API key.",
      answers: { 200: { description: "The API keys", json: shownKeys } },
      handle: ({ caller }) => {
        demandAdministrator(caller);
        return json({ items: keys.list().map(showKey) });
      },
    }),
    route({
      ...common,
      method: "post",
      path: "/v1/api-keys",
      id: "createApiKey",
      summary: "Create an API key",
      description: "Needs an administrator's token: no API key.",
      body: jsonBody(apiKeyOrder, {
        description: "The name, the scope and the documents of the key",
        maxBytes: () => limits.apiJsonBytes,
      }),
      answers: { 201: { description: "The API key, which is shown this once", json: madeKey } },
      problems: ["api-key-exists", "too-many-api-keys", "storage-unavailable", "storage-full"],
      handle: async ({ body, caller }) => {
        demandAdministrator(caller);
        const { key, text } = await refusing(async () => keys.create(body));
        log.info({ event: "api-key-created", name: key.name, scope: key.scope, prefix: key.prefix });
        return json({ ...showKey(key), key: text }, 201);
      },
    }),
    route({
      ...common,
      method: "delete",
      path: "/v1/api-keys/{key}",
      id: "revokeApiKey",
      summary: "Revoke an API key",
      description: "It is refused from the next request on. Needs an administrator's token: no API key.",
      pathParameters: { key: "The name or the id of the key" },
      answers: { 204: { description: "It is revoked" } },
      problems: ["no-such-api-key", "storage-unavailable", "storage-full"],
      handle: async ({ caller, path }) => {
        demandAdministrator(caller);
        const revoked = await keys.revoke(path["key"] ?? "");
        if (revoked === undefined) {
          throw new Problem(
            "no-such-api-key",
            "There is no API key with this name or id. GET /v1/api-keys lists them.",
          );
        }
        log.info({ event: "api-key-revoked", name: revoked.name });
        return noContent();
      },
    }),
  ];
}

function showKey({ createdAt, id, name, prefix, scope }: ApiKey): v.InferOutput<typeof shownKey> {
  return { id, name, scope, prefix, createdAt: new Date(createdAt).toISOString() };
}

/** Runs `task`, and rejects with `Problem` for a key that cannot be made. */
async function refusing<Result>(task: () => Promise<Result>): Promise<Result> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof ApiKeyNameTaken)
      throw new Problem("api-key-exists", "Another API key has this name. Choose another name, or revoke that key.");
    if (error instanceof TooManyApiKeys)
      throw new Problem("too-many-api-keys", `${error.message} Revoke those that are not used.`);
    throw error;
  }
}
