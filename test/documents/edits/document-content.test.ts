import { afterEach, expect, test } from "bun:test";
import * as Y from "yjs";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { Documents } from "../../../src/documents/documents.ts";
import { EditRefused } from "../../../src/documents/edits/content/edit-refused.ts";
import type { ContentTask, EditJob, ReadJob } from "../../../src/documents/edits/content-job.ts";
import { contentSlots } from "../../../src/documents/edits/content-slots.ts";
import { ContentWorkers, startContentWorker } from "../../../src/documents/edits/content-workers.ts";
import { DocumentContent } from "../../../src/documents/edits/document-content.ts";
import { runContentJob } from "../../../src/documents/edits/run-content-job.ts";
import { WorkerMerger } from "../../../src/documents/edits/worker-merger.ts";
import { Deletion } from "../../../src/relay/deletion.ts";
import { settled } from "../../support/eventually.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";
import { roomParts } from "../../support/servers/room-parts.ts";

/** A worker in the test's own thread, which answers a task when the test lets it. */
class HeldWorker extends EventTarget {
  readonly #tasks: ContentTask[];

  constructor(tasks: ContentTask[]) {
    super();
    this.#tasks = tasks;
  }

  postMessage(task: ContentTask): void {
    this.#tasks.push(task);
  }

  answer(task: ContentTask): void {
    this.dispatchEvent(new MessageEvent("message", { data: runContentJob(task) }));
  }

  die(): void {
    this.dispatchEvent(new CloseEvent("close", { code: 1 }));
  }

  terminate(): void {}
  unref(): void {}
}

const opened: ContentWorkers[] = [];
afterEach(() => {
  for (const workers of opened.splice(0)) workers.close();
});

async function setUp(changed: Partial<Limits> = {}) {
  const store = openMemoryStore();
  const limits = { ...defaultLimits, contentWorkers: 1, ...changed };
  const parts = roomParts({ limits }, store);
  const { changes, clock, rooms } = parts;
  const documents = new Documents({ store, rooms, changes, deletion: new Deletion({ store, rooms }) });
  const tasks: ContentTask[] = [];
  const held: HeldWorker[] = [];
  const startWorker = () => {
    const worker = new HeldWorker(tasks);
    held.push(worker);
    // The workers use no other members of it.
    return worker as unknown as Worker;
  };
  const workers = new ContentWorkers({ startWorker, clock, limits });
  opened.push(workers);
  const failure: { error?: Error; before?: () => Promise<unknown> } = {};
  const failing: Pick<Documents, "open" | "write"> = {
    open: (document) => documents.open(document),
    write: async (order) => {
      await failure.before?.();
      if (failure.error !== undefined) throw failure.error;
      return documents.write(order);
    },
  };
  const slots = contentSlots(limits);
  const content = new DocumentContent({ documents: failing, workers, slots, clock, limits });
  /** Answers the task that was given first. */
  const answer = async () => {
    await settled();
    const task = tasks.shift();
    if (task === undefined) throw new Error("no task");
    held.at(-1)?.answer(task);
    await settled();
    await parts.turnAndSync();
    await settled();
  };
  const write = async (update: Uint8Array, document = "doc") => {
    const written = documents.write({ document, update, user: undefined });
    await settled();
    await parts.turnAndSync();
    return written;
  };
  const never = new AbortController().signal;
  const common = { document: "doc", source: "test", counted: undefined, signal: never };
  return {
    answer,
    clock,
    common,
    content,
    documents,
    failure,
    held,
    limits,
    parts,
    slots,
    tasks,
    workers,
    write,
    read: (job: ReadJob = { kind: "json" }, more = {}) => content.read({ ...common, job, ...more }),
    edit: (ins: string, more = {}) =>
      content.edit({ ...common, job: typing(ins), user: "app", mayCreate: true, ...more }),
    textOf: async () => {
      const doc = new Y.Doc();
      for (const update of (await documents.read("doc")).updates) Y.applyUpdate(doc, update);
      return doc.getText("text").toString();
    },
  };
}

const bytesOf = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));

const typing = (ins: string): EditJob => ({
  kind: "patch",
  body: bytesOf([{ op: "text", path: "/text", at: 0, ins }]),
  maxOperations: 10,
});

function typed(text: string, client = 7): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = client;
  doc.getText("text").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => "resolved",
    (error: unknown) => (error instanceof EditRefused ? error.code : Object(error).message),
  );

test("requests for the same content of the same sequence share one job, and later ones its answer", async () => {
  const { answer, read, tasks, write } = await setUp();
  await write(typed("a"));
  const reads = [read(), read()];
  await answer();
  const [first, second] = await Promise.all(reads);
  expect(first?.body).toBe(second?.body as Blob);
  expect((await read())?.body).toBe(first?.body as Blob);
  expect(tasks).toEqual([]);
  await write(typed("b", 8));
  const third = read();
  await answer();
  expect(await (await third)?.body.text()).toContain("b");
});

test("an answer is kept for the sequence that it was made from", async () => {
  const { answer, common, content, read, write } = await setUp();
  await write(typed("a"));
  const asked = { ...common, job: { kind: "json" } as const };
  const sequence = await content.sequenceOf("doc");
  expect(content.kept(asked, sequence)).toBeUndefined();
  const reading = read();
  await answer();
  const found = await reading;
  expect(found?.sequence).toBe(sequence);
  expect(content.kept(asked, sequence)).toBe(found);
  expect(content.kept({ ...asked, job: { kind: "texts" } }, sequence)).toBeUndefined();
  await write(typed("b", 8));
  expect(content.kept(asked, await content.sequenceOf("doc"))).toBeUndefined();
});

test("answers of a document that was deleted are forgotten", async () => {
  const { answer, content, read, tasks, write } = await setUp();
  await write(typed("a"));
  const reading = read();
  await answer();
  await reading;
  content.forget("another");
  await read();
  content.forget("doc");
  const again = read();
  await settled();
  expect(tasks).toHaveLength(1);
  await answer();
  await again;
});

test("answers are kept up to a number of bytes", async () => {
  const { answer, read, tasks, write } = await setUp({ contentCacheBytes: 1_500 });
  await write(typed("x".repeat(400)));
  for (const job of [{ kind: "json" }, { kind: "text", root: "text" }] as const) {
    const reading = read(job);
    await answer();
    await reading;
  }
  await read({ kind: "text", root: "text" });
  expect(tasks).toEqual([]);
  const dropped = read({ kind: "json" });
  await settled();
  expect(tasks).toHaveLength(1);
  await answer();
  await dropped;
});

test("edits of one document are made one after the other, each on the result of the one before", async () => {
  const { answer, edit, tasks, textOf } = await setUp({ contentWorkers: 4 });
  const edits = [edit("a"), edit("b"), edit("c")];
  await settled();
  expect(tasks).toHaveLength(1);
  for (let count = 0; count < 3; count += 1) await answer();
  expect((await Promise.all(edits)).map((outcome) => outcome)).toEqual(
    [1, 2, 3].map((sequence) => ({ kind: "written", sequence, isChanged: true })),
  );
  expect(await textOf()).toBe("cba");
});

/** A client writes with the id of the server. */
function impostor(client: number, text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = client;
  doc.getText("text").insert(0, `a${text}`);
  return Y.encodeStateAsUpdate(doc);
}

test.each([
  ["some of its clocks", "x"],
  ["all of its clocks", "xyz!"],
])("an edit is made again when another client has used %s before it was made", async (_, text) => {
  const { answer, edit, tasks, textOf, write } = await setUp();
  const first = edit("a");
  await answer();
  await first;
  const second = edit("bcd");
  await settled();
  await write(impostor(tasks[0]?.written?.client ?? 0, text));
  await answer();
  expect(tasks).toHaveLength(1);
  await answer();
  expect(await second).toMatchObject({ kind: "written", isChanged: true });
  expect(await textOf()).toContain("bcd");
});

test("an edit is made again when another client has used its clocks before it was written", async () => {
  const { answer, edit, failure, parts, tasks, textOf, write } = await setUp();
  const first = edit("a");
  await answer();
  await first;
  const second = edit("bcd");
  await settled();
  const { client = 0 } = tasks[0]?.written ?? {};
  failure.before = () => {
    delete failure.before;
    return write(impostor(client, "xyz!"));
  };
  await answer();
  // The edit was known, which is found in the next turn.
  await parts.turnAndSync();
  await settled();
  await answer();
  expect(await second).toMatchObject({ kind: "written", isChanged: true });
  expect(await textOf()).toContain("bcd");
});

test("an edit of a document that is purged meanwhile brings nothing of it back", async () => {
  const { answer, documents, edit, failure, write } = await setUp();
  await write(typed("a"));
  const late = rejection(edit("b"));
  failure.before = async () => {
    delete failure.before;
    await documents.purge("doc");
  };
  await answer();
  expect(await late).toBe("the document was deleted");
  expect(await documents.info("doc")).toBeUndefined();
});

test("an edit whose condition does not hold any more is refused, and writes nothing", async () => {
  const { answer, edit, textOf, write } = await setUp();
  await write(typed("a"));
  const condition = (sequence: number) => sequence === 1;
  const late = edit("b", { condition });
  await settled();
  await write(typed("c", 8));
  await answer();
  expect(await late).toEqual({ kind: "refused", sequence: 2 });
  expect(await edit("b", { condition })).toEqual({ kind: "refused", sequence: 2 });
  expect(await textOf()).not.toContain("b");
});

test("a document that does not exist is missing, and is created only by an edit that may", async () => {
  const { answer, edit, read, tasks } = await setUp();
  expect(await read()).toBeUndefined();
  expect(await edit("a", { mayCreate: false })).toEqual({ kind: "missing" });
  expect(tasks).toEqual([]);
  const created = edit("a");
  await answer();
  expect(await created).toEqual({ kind: "written", sequence: 1, isChanged: true });
});

test("after an edit of which it is unknown whether it was stored, another client id is used", async () => {
  const { answer, edit, failure, tasks } = await setUp();
  const first = edit("a");
  await answer();
  await first;
  failure.error = new Error("could not be stored");
  const failed = rejection(edit("b"));
  await settled();
  expect(tasks[0]?.written).toEqual({ client: expect.any(Number), end: 1 });
  await answer();
  expect(await failed).toBe("could not be stored");
  delete failure.error;
  const next = edit("c");
  await settled();
  expect(tasks[0]?.written).toBeUndefined();
  await answer();
  expect(await next).toMatchObject({ kind: "written" });
});

test("more requests at once than the bound are refused as overload", async () => {
  const { answer, read, write } = await setUp({ contentRequests: 2 });
  await write(typed("a"));
  const running = [read({ kind: "json" }), read({ kind: "text", root: "text" })];
  await settled();
  expect(await rejection(read({ kind: "xml", root: "text" }))).toMatch(/limits\.content-requests/);
  await answer();
  await answer();
  await Promise.all(running);
  expect(await rejection(read())).toBe("resolved");
});

test("one caller leaves requests to the others", async () => {
  const { answer, read, write } = await setUp({ contentRequestsPerCaller: 1 });
  await write(typed("a"));
  const running = [read({ kind: "json" }, { counted: "greedy" })];
  await settled();
  const again = read({ kind: "text", root: "text" }, { counted: "greedy" });
  expect(await again.catch((error: unknown) => error)).toMatchObject({ code: "rate-limited" });
  running.push(read({ kind: "text", root: "text" }, { counted: "other" }));
  await answer();
  await answer();
  expect((await Promise.all(running)).length).toBe(2);
});

test("a request that waits too long for a worker, or is given up, ends; one that runs too long is refused", async () => {
  const { clock, common, documents, limits, read, slots, workers, write } = await setUp();
  await write(typed("a"));
  const running = rejection(read({ kind: "json" }));
  await settled();
  clock.advance(5_000);
  const other = new DocumentContent({ documents, workers, slots, clock, limits });
  const given = new AbortController();
  const waiting = rejection(other.read({ ...common, job: { kind: "json" } }));
  const leaving = rejection(other.read({ ...common, job: { kind: "json", root: "x" }, signal: given.signal }));
  await settled();
  given.abort();
  expect(await leaving).toMatch(/given up/);
  clock.advance(limits.contentRequestMs);
  expect(await waiting).toMatch(/other requests take all time/);
  expect(await running).toMatch(/other requests take all time|document-too-complex/);
});

test("a worker that dies fails its request alone, and the next one gets a new worker", async () => {
  const { answer, held, read, write } = await setUp();
  await write(typed("a"));
  const failed = rejection(read());
  await settled();
  held[0]?.die();
  expect(await failed).toMatch(/worker died/);
  const next = read();
  await settled();
  expect(held).toHaveLength(2);
  await answer().catch(() => {});
  await answer().catch(() => {});
  expect(await rejection(next)).toBe("resolved");
});

test("a real worker reads and edits, and merges what is not small", async () => {
  const { clock, limits } = await setUp();
  const workers = new ContentWorkers({ startWorker: startContentWorker, clock, limits });
  opened.push(workers);
  const signal = new AbortController().signal;
  const updates = async () => [typed("a"), typed("b", 8)];
  const reply = await workers.run({ job: { kind: "text", root: "text" }, updates, source: "", signal });
  expect(reply.kind === "read" && new TextDecoder().decode(reply.body)).toBe("ab");
  expect((await workers.run({ job: typing("c"), updates, source: "", signal })).kind).toBe("edited");
  const merger = new WorkerMerger({ workers, clock, limits });
  for (const length of [1, 50_000]) {
    const [first, second] = [typed("x".repeat(length)), typed("y".repeat(length), 8)];
    const merged = await merger.merge({ updates: [first, second], format: 1 });
    const doc = new Y.Doc();
    Y.applyUpdate(doc, merged);
    expect(doc.getText("text").length).toBe(2 * length);
  }
});
