import * as Y from "yjs";
import type { HistoryAddition, HistoryStore } from "../../../src/storage/history/history-store.ts";
import type { PendingUpdate, Store } from "../../../src/storage/store.ts";
import type { WebhookStore } from "../../../src/storage/webhook-store.ts";
import { Random } from "../bytes/random.ts";
import { endpointOf } from "../webhooks/endpoint.ts";

/** A store with everything that a server keeps of documents. */
export interface WholeStore extends Store {
  readonly history: HistoryStore;
  readonly webhooks: WebhookStore;
}

/** The names of special documents. */
export const specialDocuments = [
  "empty",
  "deleted",
  "quarantined",
  "collected",
  "huge",
  "Ünïcødé 😀/\"'\\{}",
  "long-tail",
];

/**
 * Fills an empty store with documents of all kinds: with and without base, tail, history and versions; deleted, with quarantined
 * updates, with collected content, huge and empty ones; and with webhooks that have been told some of it.
 */
export async function fillVaried(
  store: WholeStore,
  { seed, documents }: { readonly seed: number; readonly documents: number },
) {
  const random = new Random(seed);
  await store.webhooks.save(endpointOf("all"));
  await store.webhooks.save(endpointOf("notes", { documents: ["notes/*"], events: ["doc.updated", "doc.created"] }));
  const names = Array.from({ length: documents }, (_, index) => `notes/${index}`);
  for (let first = 0; first < names.length; first += 100) {
    const batch: PendingUpdate[] = [];
    for (const document of names.slice(first, first + 100)) {
      const updates = typed(document, 1 + random.integer(6), 1 + random.integer(200));
      for (const update of updates) batch.push({ document, update, user: random.integer(2) === 0 ? "ann" : undefined });
    }
    await store.append(batch);
  }
  for (const name of names) await change(store, name, random.integer(6));
  await fillSpecial(store);
  await store.webhooks.begin("all", { ...message("notes/1"), id: "msg_begun" }, 0);
  await store.webhooks.begin("notes", { ...message("notes/2"), id: "msg_failed" }, 0);
  await store.webhooks.failed("notes", {
    ...message("notes/2"),
    id: "msg_failed",
    attempts: 3,
    dueAt: undefined,
    failedAt: 7,
  });
  await store.webhooks.begin("notes", { ...message("notes/3"), id: "msg_done" }, 0);
  await store.webhooks.delivered("notes", { ...message("notes/3"), id: "msg_done" });
}

/** Makes of a document one that is compacted, has a history, versions, a tail, or is deleted; or leaves it. */
async function change(store: WholeStore, name: string, kind: number): Promise<void> {
  if (kind === 0) await compact(store, name, false);
  if (kind === 1 || kind === 2) await compact(store, name, true);
  if (kind === 3) await store.delete(name);
  if (kind !== 2) return;
  await store.append(typed(name, 2, 20).map((update) => ({ document: name, update, user: "bob" })));
  await store.history.addVersion(name, { sequence: 1, at: 5, name: `v "${name}"`, users: ["ann"], createdBy: "bob" });
  await compact(store, name, true);
}

async function fillSpecial(store: WholeStore): Promise<void> {
  const one = (document: string, update: Uint8Array) => store.append([{ document, update, user: "ann" }]);
  await one("empty", Uint8Array.of(0, 0));
  await one("deleted", typed("deleted", 1, 10)[0] ?? Uint8Array.of(0, 0));
  await store.delete("deleted");
  await one("Ünïcødé 😀/\"'\\{}", typed("u", 1, 10)[0] ?? Uint8Array.of(0, 0));
  for (const update of typed("quarantined", 3, 10)) await one("quarantined", update);
  await compact(store, "quarantined", true, 1);
  await compactCollected(store);
  const huge = new Y.Doc();
  huge.clientID = 7;
  huge.getMap("map").set("file", new Uint8Array(9 * 2 ** 20).fill(7));
  await one("huge", Y.encodeStateAsUpdate(huge));
  await compact(store, "huge", true);
  const later: Uint8Array[] = [];
  huge.on("update", (update: Uint8Array) => later.push(update));
  for (let count = 0; count < 9; count += 1)
    huge.getMap("map").set(`file ${count}`, new Uint8Array(2 ** 20).fill(count));
  for (const update of later) await one("huge", update);
  const tail = typed("long-tail", 3_000, 3).map((update) => ({ document: "long-tail", update, user: "cy" }));
  await store.append(tail);
}

async function compactCollected(store: WholeStore): Promise<void> {
  const doc = new Y.Doc();
  doc.clientID = 9;
  doc.getText("text").insert(0, "all of this is deleted");
  await store.append([{ document: "collected", update: Y.encodeStateAsUpdate(doc) }]);
  doc.getText("text").delete(0, 15);
  await store.append([{ document: "collected", update: Y.encodeStateAsUpdate(doc) }]);
  const { tail = [] } = (await store.load("collected")) ?? {};
  const base = Y.encodeStateAsUpdate(doc);
  await store.compact("collected", {
    base,
    summary: Uint8Array.of(1),
    rows: tail.map(({ row }) => row),
    quarantined: [],
  });
}

/** Replaces all rows of a document by their merged state, the first `quarantined` of them excepted. */
async function compact(store: WholeStore, document: string, hasHistory: boolean, quarantined = 0): Promise<void> {
  const { base, tail = [] } = (await store.load(document)) ?? {};
  const progress = await store.history.progress(document);
  const [first, last] = [progress?.tail[0], progress?.tail.at(-1)];
  if (first === undefined || last === undefined) return;
  const entries = [...(base === undefined ? [] : [base]), ...tail];
  const merged = Y.mergeUpdates(entries.slice(quarantined).map(({ update }) => update));
  const data = Buffer.from(`history of ${document}`);
  const at = last.at ?? 0;
  const history: HistoryAddition = {
    start: progress?.reachesBase ? undefined : { sequence: first.row - 1, at: first.at ?? 0, data },
    segment: {
      last: last.row,
      startedAt: first.at ?? 0,
      endedAt: at,
      users: ["ann"],
      marks: Buffer.from([0, 1]),
      data,
    },
    end: { sequence: last.row, at, data: merged },
    versions: [{ sequence: last.row, at, users: ["ann", "bob"] }],
  };
  await store.compact(document, {
    base: merged,
    summary: Uint8Array.of(1, 2, 3),
    rows: entries.map(({ row }) => row),
    quarantined: entries.slice(0, quarantined).map(({ row }) => row),
    ...(hasHistory && { history }),
  });
}

/** The updates of a writer who types `count` times. */
function typed(document: string, count: number, length: number): readonly Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = 1 + Number(Bun.hash.xxHash32(document));
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (let index = 0; index < count; index += 1) doc.getText("text").insert(0, `${index} `.padEnd(length, document));
  return updates;
}

function message(document: string) {
  const body = JSON.stringify({ type: "doc.updated", data: { document } });
  return { document, type: "doc.updated", sequence: 3, body, attempts: 0, dueAt: 5, failedAt: undefined } as const;
}

/** Everything that the methods of a store tell, by document and webhook. */
export async function contentOf(store: WholeStore): Promise<unknown> {
  const content: unknown[] = [];
  for (let after = ""; ; ) {
    const page = await store.list({ after, state: "any", limit: 500 });
    for (const [index, info] of page.entries()) {
      // To read all of every document takes long.
      const isRead = index % 16 === 0 || specialDocuments.includes(info.name);
      content.push(isRead ? await documentContent(info, store) : info);
    }
    const last = page.at(-1)?.name;
    if (last === undefined) break;
    after = last;
  }
  for (const endpoint of await store.webhooks.endpoints()) {
    const { documents } = await store.webhooks.documentsWithChanges(endpoint.id, { after: "", limit: 100_000 });
    const cursors: unknown[] = [];
    for (const document of documents.slice(0, 50)) cursors.push(await store.webhooks.lane(endpoint.id, document));
    content.push({ endpoint, documents, cursors, messages: await store.webhooks.messages(endpoint.id, 100_000) });
  }
  return content;
}

async function documentContent(info: { readonly name: string }, store: WholeStore): Promise<unknown> {
  const { name } = info;
  const { base, quarantined = [], tail = [] } = (await store.load(name)) ?? {};
  const updates = [...(base === undefined ? [] : [base]), ...tail];
  const merged = Y.mergeUpdates(updates.map(({ update }) => update));
  return {
    info,
    vector: Buffer.from(Y.encodeStateVectorFromUpdate(merged)).toString("base64"),
    state: Bun.hash(merged).toString(),
    summary: base?.summary && [...base.summary],
    rows: updates.map(({ row, update }) => [row, Bun.hash(update).toString()]),
    quarantined: quarantined.map(({ row, update }) => [row, Bun.hash(update).toString()]),
    progress: await store.history.progress(name),
    extent: await store.history.extent(name),
    versions: await store.history.versions(name, { limit: 100 }),
    parts: (await Array.fromAsync(store.history.parts(name))).map((part) => hashed(part)),
  };
}

/** The same value with hashes instead of bytes. */
function hashed(value: unknown): unknown {
  if (value instanceof Uint8Array) return Bun.hash(value).toString();
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hashed(each)]));
}
