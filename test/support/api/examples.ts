import { join } from "node:path";
import * as Y from "yjs";
import type { Scope } from "../../../src/auth/keys/api-keys.ts";
import { documentLine, endLine, formatLine, updateLine } from "../../../src/storage/document-lines.ts";
import { RawClient } from "../clients/raw-client.ts";
import type { ApiServer } from "./api-server.ts";
import { updateOf } from "./documents.ts";

/** A request that an operation answers with success. */
export interface Example {
  /** Makes what the request needs; its document is `doc`. */
  readonly prepare?: (api: ApiServer) => Promise<unknown>;
  /** The parameters of the path except `doc`. */
  readonly path?: Readonly<Record<string, string>>;
  /** As `path`, for what the request needs: it is called after `prepare`. */
  readonly preparePath?: (api: ApiServer) => Promise<Readonly<Record<string, string>>>;
  readonly query?: string;
  /** In place of `query`, for one that has a token. */
  readonly prepareQuery?: (api: ApiServer) => Promise<string>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** In place of `body`, for one that follows from what the request needs. */
  readonly prepareBody?: (api: ApiServer) => Promise<unknown>;
  /** The answer does not end by itself. */
  readonly isStream?: true;
  /** Whether the document need not exist before. */
  readonly needsNoDocument?: true;
  /** Whether members of the body have no names of their own. */
  readonly takesAnyJson?: true;
  /** The scope of the key, if that of the operation is not enough for this request. */
  readonly scope?: Scope;
  /** Whether no API key is enough: it needs an administrator's token. */
  readonly isForAdministrators?: true;
  /** Whether the body may be of any size. */
  readonly hasNoBound?: true;
  readonly status: number;
}

const admin = (api: ApiServer) => ({ token: api.keys["docs:admin"] });

export function writeExample(api: ApiServer, text = "text", document = "doc") {
  return api.ask("POST", `/v1/docs/${document}/update`, { ...admin(api), body: updateOf(text) });
}

function writeXml(api: ApiServer) {
  const doc = new Y.Doc();
  doc.getXmlFragment("page").insert(0, [new Y.XmlElement("p")]);
  return api.ask("POST", "/v1/docs/doc/update", { ...admin(api), body: Y.encodeStateAsUpdate(doc) });
}

const webhook = { url: "http://127.0.0.1:9/", debounceMs: 0 };

async function addWebhook(api: ApiServer) {
  const { body } = await api.ask("POST", "/v1/webhooks", {
    ...admin(api),
    body: { ...webhook, events: ["doc.created"] },
  });
  return { webhook: String(body["id"]) };
}

/** Adds a webhook that cannot be reached, to which a message is to be delivered. */
async function addMessage(api: ApiServer) {
  const added = await addWebhook(api);
  await writeExample(api);
  const { body } = await api.ask("GET", `/v1/webhooks/${added.webhook}/deliveries`, admin(api));
  const [message] = [body["items"]].flat();
  return { ...added, message: String(Object(message).id) };
}

/** Lets a client into a room. */
async function enterRoom(api: ApiServer) {
  const token = await api.token({ doc: "write" });
  const client = await RawClient.connect(`${api.server.wsUrl}/sync/doc?token=${token}`);
  await client.sync();
  const { body } = await api.ask("GET", "/v1/rooms/sync/doc", admin(api));
  const [member] = [body["memberList"]].flat();
  return { kind: "sync", room: "doc", member: encodeURIComponent(String(Object(member).id)) };
}

/** Gives the server a schedule of backups, whose first one is due a second later. */
function scheduleBackups({ server }: ApiServer) {
  const folder = join(server.dataFolder, "backups");
  return server.reload({
    backup: { everyMs: 3_600_000, keep: 1, folder, command: undefined, commandTimeoutMs: 1_000 },
  });
}

async function addVersion(api: ApiServer) {
  await writeExample(api);
  const { body } = await api.ask("POST", "/v1/docs/doc/versions", { ...admin(api), body: { name: "draft" } });
  return { version: String(body["id"]) };
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
  readJson: { prepare: writeExample, status: 200 },
  readRootJson: { prepare: writeExample, path: { root: "text" }, query: "?as=text", status: 200 },
  readText: { prepare: writeExample, path: { root: "text" }, status: 200 },
  readXml: { prepare: writeXml, path: { root: "page" }, status: 200 },
  patchJson: { prepare: writeExample, body: [{ op: "text", path: "/text", at: 0, ins: "more " }], status: 200 },
  putJson: { body: { text: "new" }, query: "?as=auto", needsNoDocument: true, status: 200 },
  putRootJson: {
    body: { name: "new" },
    query: "?as=map",
    needsNoDocument: true,
    takesAnyJson: true,
    status: 200,
  },
  forkDocument: { prepare: writeExample, body: { to: "copy" }, scope: "docs:write", status: 201 },
  exportDocument: { prepare: writeExample, status: 200 },
  exportDocuments: { prepare: writeExample, status: 200 },
  importDocuments: {
    body: `${formatLine()}${documentLine({ name: "new" })}${updateLine(updateOf("first"))}${endLine(1)}`,
    hasNoBound: true,
    status: 200,
  },
  listVersions: { prepare: addVersion, query: "?limit=1", scope: "docs:write", status: 200 },
  createVersion: { prepare: writeExample, body: { name: "draft" }, status: 201 },
  renameVersion: { preparePath: addVersion, body: { name: "final" }, status: 200 },
  deleteVersion: { preparePath: addVersion, status: 204 },
  readUpdateAt: { prepare: writeExample, path: { moment: "1" }, status: 200 },
  readJsonAt: { prepare: writeExample, path: { moment: "1" }, status: 200 },
  readTextAt: { prepare: writeExample, path: { moment: "1", root: "text" }, status: 200 },
  readXmlAt: { prepare: writeXml, path: { moment: "1", root: "page" }, status: 200 },
  diffMoments: { prepare: writeExample, query: "?from=0&root=text", status: 200 },
  blameText: { prepare: writeExample, path: { root: "text" }, status: 200 },
  listActivity: { prepare: writeExample, query: "?gap=10", status: 200 },
  restoreDocument: { prepare: writeExample, body: { at: "1" }, status: 200 },
  eraseHistory: { prepare: writeExample, status: 204 },
  readAwareness: { prepare: writeExample, status: 200 },
  showAwareness: { body: { state: { user: { name: "Ann" } } }, needsNoDocument: true, status: 200 },
  disconnectClients: { body: { user: "ann" }, needsNoDocument: true, status: 200 },
  followDocument: { isStream: true, needsNoDocument: true, status: 200 },
  followDocuments: { isStream: true, status: 200 },
  listWebhooks: { prepare: addWebhook, status: 200 },
  createWebhook: { body: webhook, status: 201 },
  getWebhook: { preparePath: addWebhook, status: 200 },
  changeWebhook: { preparePath: addWebhook, body: { enabled: false }, status: 200 },
  deleteWebhook: { preparePath: addWebhook, status: 204 },
  rotateWebhookSecret: { preparePath: addWebhook, body: { overlapSeconds: 60 }, status: 200 },
  testWebhook: { preparePath: addWebhook, status: 200 },
  listWebhookDeliveries: { preparePath: addMessage, status: 200 },
  redeliverWebhookMessage: { preparePath: addMessage, status: 202 },
  createAdminLink: { isForAdministrators: true, status: 201 },
  createAdminSession: {
    prepareBody: async (api) => {
      const { body } = await api.ask("POST", "/v1/admin/links", { token: await api.adminToken() });
      return { code: body["code"] };
    },
    status: 201,
  },
  listRooms: { prepare: enterRoom, query: "?limit=1", status: 200 },
  getRoom: { preparePath: enterRoom, status: 200 },
  followRoom: { preparePath: enterRoom, isStream: true, status: 200 },
  disconnectMember: { preparePath: enterRoom, status: 204 },
  readConfiguration: { status: 200 },
  getLogLevel: { status: 200 },
  setLogLevel: { body: { level: "silent" }, status: 200 },
  listRefusals: { prepare: (api) => api.ask("GET", "/v1/docs", { token: "not.a.token" }), status: 200 },
  listRevocations: {
    prepare: async (api) => {
      const token = await api.adminToken();
      await api.ask("POST", "/api/revocations", { token, body: { user: "ann", room: "notes/**" } });
    },
    query: "?limit=1",
    status: 200,
  },
  listApiKeys: { isForAdministrators: true, status: 200 },
  createApiKey: {
    isForAdministrators: true,
    body: { name: "agent", scope: "docs:write", prefix: "notes/" },
    status: 201,
  },
  revokeApiKey: { isForAdministrators: true, path: { key: "test%20docs:read" }, status: 204 },
  makeBackup: { prepare: scheduleBackups, status: 201 },
  getServer: { status: 200 },
  followServer: { isStream: true, query: "?log=info", status: 200 },
  readServerFigures: { status: 200 },
  listIceServers: {
    prepareQuery: async (api) => `?room=doc&token=${await api.token({ doc: "read" })}`,
    status: 200,
  },
};
