import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Y from "yjs";
import { docAt, type HistoryDoc, openHistory } from "../../../src/documents/history/history-doc.ts";
import type { HistoryJob, MomentParts } from "../../../src/documents/history/history-job.ts";
import { restoreUpdate } from "../../../src/documents/history/restore-update.ts";
import { runHistoryJob } from "../../../src/documents/history/run-history-job.ts";
import type { DiffPart, TextPart } from "../../../src/documents/history/text-history.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import { historyInput } from "../../../src/relay/history/history-input.ts";
import { HistoryRecorder } from "../../../src/relay/history/history-recorder.ts";
import type { HistoryStore, Moment } from "../../../src/storage/history/history-store.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import type { RowId, Store } from "../../../src/storage/store.ts";
import { type Random, withSeedsInTurn } from "../../support/bytes/random.ts";
import { RandomEditor, typedDoc, visibleContent } from "../../support/clients/random-editors.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

setDefaultTimeout(600_000);

/** As many as fit in the time of a check; YURT_TEST_HISTORIES=1000 for the long form. */
const histories = Number(process.env["YURT_TEST_HISTORIES"] ?? 60);
const momentsOfEach = 6;
const users = ["ann", "bob", "cid", undefined];

let folder: string;
let store: Store;
let history: HistoryStore;
const clock = new FakeClock();
/** The compactions of documents with updates that waited for others. */
let pendingBases = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "yurt-history-"));
  const opened = openSqliteStore({ file: join(folder, "store.db"), metrics: createMetrics(), clock });
  if (opened.history === undefined) throw new Error("the store keeps no history");
  [store, history] = [opened, opened.history];
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

interface Row {
  readonly row: RowId;
  readonly at: number;
  readonly update: Uint8Array;
  readonly user: string | undefined;
  /** The base when the update came, if there was one, and the tail with it. */
  readonly stored: readonly Uint8Array[];
}

/** Has four people edit all types of a document at once, and stores their updates: some late, some before their turn. */
class Edited {
  readonly rows: Row[] = [];
  readonly #name: string;
  readonly #random: Random;
  readonly #editors: readonly RandomEditor[];
  /** The updates of each editor that the server does not have yet. */
  readonly #unsent: Uint8Array[][];
  readonly #seen: number[];

  constructor(name: string, random: Random) {
    this.#name = name;
    this.#random = random;
    this.#editors = users.map((_, index) => {
      const editor = new RandomEditor(random);
      // Two with one id would contradict each other.
      editor.doc.clientID = 4 * random.integer(2 ** 29) + index;
      return editor;
    });
    this.#unsent = users.map(() => []);
    this.#seen = users.map(() => 0);
  }

  async edit(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      const index = this.#random.integer(users.length);
      this.#edit(index);
      if (this.#random.chance(0.7)) await this.#send(index);
      if (this.#random.chance(0.4)) this.#receive(this.#random.integer(users.length));
      if (this.#random.chance(0.15)) this.#receiveDirectly(this.#random.integer(users.length), index);
      const pauses = [0, 0, 300, 1_100, 5_000, 700_000];
      clock.set(this.#random.pick(pauses));
    }
  }

  async sendAll(): Promise<void> {
    for (const index of users.keys()) while ((this.#unsent[index]?.length ?? 0) > 0) await this.#send(index);
  }

  /** The updates of an edit that has not come to the server; none if it has no effect. */
  inFlight(): readonly Uint8Array[] {
    const index = this.#random.integer(users.length);
    this.#edit(index);
    return (this.#unsent[index] ?? []).slice();
  }

  #edit(index: number): void {
    const editor = this.#editors[index];
    const before = editor?.sent.length ?? 0;
    editor?.edit();
    this.#unsent[index]?.push(...(editor?.sent.slice(before) ?? []));
  }

  /** Stores the next update of an editor, or one that depends on it. */
  async #send(index: number): Promise<void> {
    const unsent = this.#unsent[index] ?? [];
    const [update] = unsent.splice(this.#random.chance(0.85) ? 0 : this.#random.integer(unsent.length), 1);
    if (update === undefined) return;
    const at = clock.now();
    const user = users[index];
    const [row = 0] = await store.append([{ document: this.#name, update, user }]);
    this.rows.push({ row, at, update, user, stored: await present(this.#name) });
  }

  /** Has an editor receive what the server does not have yet, and may get after the answer to it. */
  #receiveDirectly(index: number, from: number): void {
    if (index === from) return;
    for (const update of this.#unsent[from] ?? []) this.#editors[index]?.receive(update);
  }

  #receive(index: number): void {
    const from = this.#seen[index] ?? 0;
    for (const { update } of this.rows.slice(from)) this.#editors[index]?.receive(update);
    this.#seen[index] = this.rows.length;
  }
}

async function compact(name: string, isFinal: boolean): Promise<void> {
  const stored = await store.load(name);
  const entries = [...(stored?.base === undefined ? [] : [stored.base]), ...(stored?.tail ?? [])];
  if ((stored?.tail.length ?? 0) === 0) return;
  const rows = entries.map(({ row }) => row);
  const facts = { rows, tailCount: stored?.tail.length ?? 0, now: clock.now(), isFinal };
  const input = historyInput(await history.progress(name), facts);
  const recorder = input && new HistoryRecorder(input, Bun.zstdCompressSync);
  const compacted = compactUpdates(
    entries.map(({ update }) => update),
    { keepsDeleted: false },
    recorder,
  );
  expect(compacted.rejected).toEqual([]);
  expect(compacted.history).toBeDefined();
  await store.compact(name, { ...compacted, rows, quarantined: [] });
  if (docOf([compacted.base]).store.pendingStructs !== null) pendingBases += 1;
}

/** The base, if there is one, and the tail of a document. */
async function present(name: string): Promise<readonly Uint8Array[]> {
  const { base, tail = [] } = (await store.load(name)) ?? {};
  return [...(base === undefined ? [] : [base]), ...tail].map(({ update }) => update);
}

/**
 * The content that a client saw who came after an update. It gets everything at once: Yjs deletes formatting without effect at a
 * time that depends on the grouping of updates.
 */
function expected({ stored }: Row): unknown {
  const doc = typedDoc();
  Y.applyUpdate(doc, Y.mergeUpdates([...stored]));
  return visibleContent(doc);
}

async function partsOf(name: string, moment: Moment): Promise<MomentParts> {
  const stored = await history.moment(name, moment);
  if (stored === undefined || stored.kind === "unknown") throw new Error("the moment is not known");
  return { moment, stored };
}

async function open(name: string, moment: Moment) {
  return openHistory((await partsOf(name, moment)).stored, moment, Bun.zstdDecompressSync);
}

function seen(doc: Y.Doc): unknown {
  const typed = typedDoc();
  Y.applyUpdate(typed, Y.encodeStateAsUpdate(doc));
  return visibleContent(typed);
}

/** The row that a moment ends with, which may be earlier: rows of the same second and user are one change. */
function rowAt(rows: readonly Row[], { last }: HistoryDoc): Row {
  const row = rows.findLast((each) => each.row <= last.sequence);
  if (row === undefined) throw new Error("the moment is before all updates");
  return row;
}

test("a document at any moment is what its clients saw, whatever was compacted, and whatever came late", async () => {
  let moments = 0;
  await withSeedsInTurn(histories, async (random, seed) => {
    const name = `document ${seed}`;
    const edited = new Edited(name, random);
    for (let round = 1 + random.integer(5); round > 0; round -= 1) {
      await edited.edit(5 + random.integer(25));
      if (random.chance(0.9)) await compact(name, random.chance(0.3));
    }
    await edited.sendAll();
    const { rows } = edited;
    for (let count = 0; count < momentsOfEach; count += 1) {
      const index = random.integer(rows.length);
      const { row = 0, at = 0 } = rows[index] ?? {};
      const bySequence = await open(name, { sequence: row });
      // The moment may be within a change: it is the one before it then.
      expect(bySequence.last.sequence).toBeLessThanOrEqual(row);
      expect(
        rows
          .filter((each) => each.row > bySequence.last.sequence && each.row < row)
          .every((each) => isOfSecond(each, at)),
      ).toBe(true);
      if (isBefore(rows, bySequence)) expect(seen(docAt(bySequence))).toEqual(visibleContent(typedDoc()));
      else expect(seen(docAt(bySequence))).toEqual(expected(rowAt(rows, bySequence)));
      const byTime = await open(name, { at });
      expect(byTime.last.sequence).toBeGreaterThanOrEqual(row);
      const lastOfSecond = rows.findLast((each) => isOfSecond(each, at));
      expect(byTime.last.sequence).toBe(lastOfSecond?.row ?? 0);
      expect(seen(docAt(byTime))).toEqual(expected(rowAt(rows, byTime)));
      moments += 2;
    }
  });
  expect(moments).toBe(2 * momentsOfEach * histories);
  expect(pendingBases).toBeGreaterThan(0);
});

test("a restored document is what it was at the moment, and merges with an edit in flight", async () => {
  let changed = 0;
  await withSeedsInTurn(histories, async (random, seed) => {
    const name = `restored ${seed}`;
    const edited = new Edited(name, random);
    for (let round = 1 + random.integer(4); round > 0; round -= 1) {
      await edited.edit(5 + random.integer(20));
      await compact(name, true);
    }
    await edited.sendAll();
    for (let count = 0; count < momentsOfEach; count += 1) if (await expectRestored(name, edited, random)) changed += 1;
  });
  expect(changed).toBeGreaterThan(histories);
});

/** Restores a document to a random moment. Returns whether that changes it. */
async function expectRestored(name: string, edited: Edited, random: Random): Promise<boolean> {
  const { rows } = edited;
  const updates = await present(name);
  const opened = await open(name, { sequence: random.pick(rows).row });
  const update = restoreUpdate(docAt(opened, true), updates);
  const restored = docOf([...updates, ...(update === undefined ? [] : [update])]);
  expect(seen(restored)).toEqual(isBefore(rows, opened) ? visibleContent(typedDoc()) : expected(rowAt(rows, opened)));
  if (update !== undefined) expectSame(updates, edited.inFlight(), update);
  return update !== undefined;
}

test("a comparison has the texts of both moments, and each part of a text is of the user who sent it", async () => {
  let compared = 0;
  await withSeedsInTurn(histories, async (random, seed) => {
    const name = `compared ${seed}`;
    const edited = new Edited(name, random);
    for (let round = 1 + random.integer(4); round > 0; round -= 1) {
      await edited.edit(5 + random.integer(20));
      if (random.chance(0.9)) await compact(name, random.chance(0.3));
    }
    await edited.sendAll();
    const { rows } = edited;
    const [early = 0, late = 0] = [random.pick(rows).row, random.pick(rows).row].sort((left, right) => left - right);
    const [from, to] = [await partsOf(name, { sequence: early }), await partsOf(name, { sequence: late })];
    const activity = await history.activity(name, { from: 0, to: Number.POSITIVE_INFINITY });
    for (const root of ["text", "rich"]) {
      const parts = answerTo<DiffPart>({ kind: "diff", from, to, root, activity });
      const without = (kind: DiffPart["kind"]) => joined(parts.filter((part) => part.kind !== kind));
      expect(without("added")).toBe(charactersOf(docAt(await open(name, from.moment)), root));
      expect(without("removed")).toBe(charactersOf(docAt(await open(name, to.moment)), root));
      if (parts.length > 1) compared += 1;
      const present = { sequence: rows.at(-1)?.row ?? 0 };
      const blamed = answerTo<TextPart>({ kind: "blame", at: await partsOf(name, present), root, activity });
      const senders = sendersOf(rows, root);
      expect(joined(blamed)).toHaveLength(senders.length);
      const userOfEach = blamed.flatMap(({ text, user }) => Array.from({ length: text.length }, () => user));
      expect(userOfEach.filter((user, index) => !senders[index]?.includes(user))).toEqual([]);
    }
  });
  expect(compared).toBeGreaterThan(histories / 2);
});

/** The parts that a job answers with. */
function answerTo<Part>(job: HistoryJob): readonly Part[] {
  const compression = { compress: Bun.zstdCompressSync, decompress: Bun.zstdDecompressSync };
  const reply = runHistoryJob({ job, maxDocBytes: 2 ** 28 }, compression);
  if (reply.kind !== "read") throw new Error(JSON.stringify(reply));
  return JSON.parse(new TextDecoder().decode(reply.body));
}

function joined(parts: readonly { readonly text: string }[]): string {
  return parts.map(({ text }) => text).join("");
}

/** The text of a root, with U+FFFC for each embedded object. */
function charactersOf(doc: Y.Doc, root: string): string {
  const delta: readonly { readonly insert: unknown }[] = doc.getText(root).toDelta();
  return delta.map(({ insert }) => (typeof insert === "string" ? insert : "\ufffc")).join("");
}

/**
 * For each character of the present text the users that may be named: the sender, and if it had to wait for another update
 * also the sender of that one, or nobody.
 */
function sendersOf(rows: readonly Row[], root: string): readonly (readonly (string | null)[])[] {
  const doc = new Y.Doc();
  const senders = new Map<string, readonly (string | null)[]>();
  for (const { update, user = null } of rows) {
    const before = Y.decodeStateVector(Y.encodeStateVector(doc));
    const { from, to } = Y.parseUpdateMeta(update);
    Y.applyUpdate(doc, update);
    for (const [client, end] of Y.decodeStateVector(Y.encodeStateVector(doc))) {
      const isSent = (clock: number) => clock >= (from.get(client) ?? end) && clock < (to.get(client) ?? 0);
      const sender = users[client % users.length] ?? null;
      for (let clock = before.get(client) ?? 0; clock < end; clock += 1)
        senders.set(`${client} ${clock}`, isSent(clock) ? [user] : [sender, user, null]);
    }
  }
  return idsOf(doc.getText(root)).map(([client, clock]) => senders.get(`${client} ${clock}`) ?? []);
}

/** The ids of the characters of a text. */
function idsOf(text: Y.Text): readonly (readonly [client: number, clock: number])[] {
  const ids: (readonly [number, number])[] = [];
  for (let item = text._start; item !== null; item = item.right) {
    const { client, clock } = item.id;
    if (!item.countable || item.deleted) continue;
    for (let index = 0; index < item.length; index += 1) ids.push([client, clock + index]);
  }
  return ids;
}

/** Two clients get an update and an edit in either order. */
function expectSame(updates: readonly Uint8Array[], edit: readonly Uint8Array[], update: Uint8Array): void {
  const [first, second] = [docOf([...updates, update, ...edit]), docOf([...updates, ...edit, update])];
  expect(Y.encodeStateVector(first)).toEqual(Y.encodeStateVector(second));
  expect(seen(first)).toEqual(seen(second));
}

/** Whether a moment is before the first update. */
function isBefore(rows: readonly Row[], { last }: HistoryDoc): boolean {
  return rows.every(({ row }) => row > last.sequence);
}

function isOfSecond({ at }: Row, second: number): boolean {
  return Math.floor(at / 1_000) === Math.floor(second / 1_000);
}

function docOf(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}
