import type { ApiServer } from "./api-server.ts";
import { updateOf } from "./documents.ts";

/** A request that an operation answers with success. */
export interface Example {
  /** Makes what the request needs; its document is `doc`. */
  readonly prepare?: (api: ApiServer) => Promise<unknown>;
  /** The parameters of the path except `doc`. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The answer does not end by itself. */
  readonly isStream?: true;
  /** Whether the document need not exist before. */
  readonly needsNoDocument?: true;
  readonly status: number;
}

const admin = (api: ApiServer) => ({ token: api.keys["docs:admin"] });

export function writeExample(api: ApiServer, text = "text", document = "doc") {
  return api.ask("POST", `/v1/docs/${document}/update`, { ...admin(api), body: updateOf(text) });
}

/** A request for each operation of the API, by its id. */
export const examples: Readonly<Record<string, Example>> = {
  listDocuments: { prepare: writeExample, query: "?limit=1", status: 200 },
  getDocument: { prepare: writeExample, status: 200 },
  deleteDocument: { prepare: writeExample, status: 204 },
  undeleteDocument: {
    prepare: async (api) => {
      await writeExample(api);
      await api.ask("DELETE", "/v1/docs/doc", admin(api));
    },
    status: 200,
  },
  readUpdate: { prepare: writeExample, query: "?sv=AA", status: 200 },
  writeUpdate: { body: updateOf("more"), needsNoDocument: true, status: 200 },
  createDocument: { headers: { "if-none-match": "*" }, body: updateOf("first"), needsNoDocument: true, status: 201 },
  readAwareness: { prepare: writeExample, status: 200 },
  disconnectClients: { body: { user: "ann" }, needsNoDocument: true, status: 200 },
  followDocument: { isStream: true, needsNoDocument: true, status: 200 },
  followDocuments: { isStream: true, status: 200 },
};
