import { expect, test } from "bun:test";
import type { Caller } from "../../../src/api/caller.ts";
import { EventStreams } from "../../../src/api/events/event-streams.ts";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { Documents } from "../../../src/documents/documents.ts";
import { followDocument } from "../../../src/documents/events/follow-document.ts";
import { followDocuments } from "../../../src/documents/events/follow-documents.ts";
import { Guests } from "../../../src/documents/presence/guests.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { Deletion } from "../../../src/relay/deletion.ts";
import { updateOf } from "../../support/api/documents.ts";
import { settled } from "../../support/eventually.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";
import { roomParts } from "../../support/servers/room-parts.ts";

function setUp(changed: Partial<typeof defaultLimits> = {}) {
  const store = openMemoryStore();
  const { changes, clock, rooms, turnAndSync } = roomParts({}, store);
  const documents = new Documents({ store, rooms, changes, deletion: new Deletion({ store, rooms }) });
  const limits = { ...defaultLimits, ...changed };
  const streams = new EventStreams({ clock, limits, metrics: createMetrics() });
  const guests = new Guests({ documents, clock, limits });
  const released: string[] = [];
  const caller: Caller = {
    kind: "key",
    user: "key:test",
    scope: "docs:read",
    prefix: "",
    hasEnded: false,
    isAllowedStill: async () => true,
    release: () => void released.push("released"),
  };
  const order = (signal?: AbortSignal) => ({
    caller,
    request: new Request("http://localhost/", signal === undefined ? {} : { signal }),
    counted: "key:test",
    prefix: "",
    document: "doc",
    since: undefined,
    hasPresence: false,
  });
  const write = async (text: string) => {
    const written = documents.write({ document: "doc", update: updateOf(text), user: undefined });
    await settled();
    await turnAndSync();
    await written;
  };
  return { changes, clock, documents, guests, limits, order, released, streams, write };
}

test("a reader that leaves before its stream is open leaves nothing behind", async () => {
  const { changes, clock, documents, guests, limits, order, released, streams } = setUp();
  await followDocument(order(AbortSignal.abort()), { documents, guests, limits, streams });
  await followDocument({ ...order(AbortSignal.abort()), hasPresence: true }, { documents, guests, limits, streams });
  followDocuments(order(AbortSignal.abort()), { clock, documents, streams });
  expect([streams.size, guests.size, changes.isWatched, released.length]).toEqual([0, 0, false, 3]);
});

test("a document that is deleted before the stream is open is not followed", async () => {
  const { changes, documents, guests, limits, order, streams, write } = setUp();
  await write("a");
  const slow: Pick<Documents, "changes" | "info" | "isShared" | "load" | "open" | "watch"> = {
    changes,
    isShared: false,
    info: async (document) => {
      const info = await documents.info(document);
      await documents.delete(document);
      return info;
    },
    load: (document) => documents.load(document),
    open: (document) => documents.open(document),
    watch: (watcher) => documents.watch(watcher),
  };
  const following = followDocument(order(), { documents: slow, guests, limits, streams });
  expect(following).rejects.toMatchObject({ code: "document-deleted" });
  await following.catch(() => {});
  expect([streams.size, changes.isWatched]).toEqual([0, false]);
});

test("where other nodes write, updates that come late are sent as well, each once, and the last ones again to a reader that resumes", async () => {
  const { changes, documents, guests, limits, order, streams, write } = setUp();
  for (const text of ["a", "b", "c"]) await write(text);
  const rows = (await documents.load("doc"))?.tail.map(({ row }) => row) ?? [];
  const last = rows.at(-1) ?? 0;
  const shared: Pick<Documents, "changes" | "info" | "isShared" | "load" | "open" | "watch"> = {
    changes,
    isShared: true,
    info: (document) => documents.info(document),
    load: (document) => documents.load(document),
    open: (document) => documents.open(document),
    watch: (watcher) => documents.watch(watcher),
  };
  const sequencesOf = async (since: number | undefined, count: number) => {
    const { body } = await followDocument({ ...order(), since }, { documents: shared, guests, limits, streams });
    const reader = body?.getReader();
    for (const [row, isFound] of [[12], [11], [12], [11], [12, true]] as const)
      changes.committed({
        document: "doc",
        row,
        update: Uint8Array.of(0, 0),
        user: undefined,
        isFound: isFound === true,
      });
    let text = "";

    while (text.split("\n\n").length <= count) text += new TextDecoder().decode((await reader?.read())?.value);
    return [...text.matchAll(/"sequence":(\d+)/g)].map(([, sequence]) => Number(sequence));
  };
  expect(await sequencesOf(undefined, 4)).toEqual([last, 12, 11, 12]);
  expect(await sequencesOf(last, 7)).toEqual([last, ...rows, 12, 11, 12]);
});

test("the event of an update is encoded once for all readers of its document", async () => {
  const { documents, guests, limits, order, streams, write } = setUp();
  const readers = [];
  for (let count = 0; count < 2; count += 1) {
    const { body } = await followDocument(order(), { documents, guests, limits, streams });
    const reader = body?.getReader();
    await reader?.read();
    readers.push(reader);
  }
  await write("a");
  const [one, two] = await Promise.all(readers.map((reader) => reader?.read()));
  expect(one?.value?.byteLength).toBeGreaterThan(0);
  expect(one?.value).toBe(two?.value);
});

test("events that wait for the readers of all streams are bounded: the reader with most is cut off, and one copy counts once", async () => {
  const { documents, guests, limits, order, streams, write } = setUp({ apiEventsBytes: 10_000 });
  const open = async (since?: number) => {
    const { body } = await followDocument({ ...order(), since }, { documents, guests, limits, streams });
    return body?.getReader();
  };
  const stalled = [await open(), await open(), await open()];
  await write("x".repeat(2_000));
  // Three keep the same bytes.
  for (let count = 0; count < 2; count += 1) await write("y".repeat(2_000));
  expect(streams.size).toBe(3);
  const late = await open();
  await write("z".repeat(2_000));
  expect(streams.size).toBe(1);
  expect(await late?.read()).toMatchObject({ done: false });
  expect(await stalled[0]?.read().catch(() => "cut off")).toBe("cut off");
});

test("a stream that ends sends what waits if it is little, and leaves out what is much", async () => {
  const { documents, guests, limits, order, streams, write } = setUp();
  const textOf = async (bytes: number) => {
    const response = await followDocument(order(), { documents, guests, limits, streams });
    await write("x".repeat(bytes));
    await write("y".repeat(bytes));
    await documents.delete("doc");
    await documents.undelete("doc");
    return [...(await response.text()).matchAll(/^event: (\w+)$/gm)].map(([, event]) => event);
  };
  await write("first");
  expect(await textOf(1_000)).toEqual(["ready", "update", "update", "end"]);
  expect(await textOf(60_000)).toEqual(["end"]);
});
