import { expect, test } from "bun:test";
import type { Caller } from "../../src/api/caller.ts";
import { EventStreams } from "../../src/api/events/event-streams.ts";
import { defaultLimits } from "../../src/composition/settings/limits.ts";
import { Documents } from "../../src/documents/documents.ts";
import { followDocument } from "../../src/documents/events/follow-document.ts";
import { Guests } from "../../src/documents/presence/guests.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { Changes } from "../../src/relay/changes.ts";
import { Deletion } from "../../src/relay/deletion.ts";
import type { Store } from "../../src/storage/store.ts";
import { updateOf } from "../support/api/documents.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { roomParts } from "../support/servers/room-parts.ts";

const caller: Caller = {
  kind: "client",
  user: undefined,
  scope: "docs:read",
  prefix: "",
  hasEnded: false,
  isAllowedStill: async () => true,
  release: () => {},
};

/** The ids of the events of a stream that begins at `since`, while an update is committed during each read of the store. */
async function followed(since: number | undefined) {
  const memory = openMemoryStore();
  const changes = new Changes();
  const commit = async () => {
    const update = updateOf("x");
    const [row = 0] = await memory.append([{ document: "doc", update }]);
    changes.committed({ document: "doc", row, update, user: undefined });
  };
  for (let count = 0; count < 3; count += 1) await commit();
  const store: Store = Object.assign(Object.create(memory), {
    info: async (document: string) => {
      await commit();
      const info = await memory.info(document);
      await commit();
      return info;
    },
    load: async (document: string) => {
      const stored = await memory.load(document);
      await commit();
      return stored;
    },
  });
  const { clock, rooms } = roomParts({}, memory);
  const documents = new Documents({ store, rooms, changes, deletion: new Deletion({ store: memory, rooms }) });
  const streams = new EventStreams({ clock, limits: defaultLimits, metrics: createMetrics() });
  const guests = new Guests({ documents, clock, limits: defaultLimits });
  const who = { request: new Request("http://x"), caller, counted: undefined, hasPresence: false };
  const order = { ...who, document: "doc", since };
  const response = await followDocument(order, { documents, guests, streams, limits: defaultLimits });
  await commit();
  streams.close();
  return Array.from((await response.text()).matchAll(/^id: (\d+)$/gm), ([, id]) => Number(id));
}

test("updates that are committed while a stream is being opened are sent once, and none is left out", async () => {
  expect(await followed(undefined)).toEqual([4, 5, 6]);
  expect(await followed(2)).toEqual([2, 3, 4, 5, 6, 7]);
});
