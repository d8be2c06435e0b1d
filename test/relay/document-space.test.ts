import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { settled } from "../support/eventually.ts";
import { InlineCompactor } from "../support/fakes/inline-compactor.ts";
import { type RoomClientsOptions, roomClients } from "../support/servers/room-clients.ts";

const limitBytes = 10_000;

const setUp = ({ limits, ...options }: RoomClientsOptions = {}) =>
  roomClients({ ...options, limits: { documentBytes: limitBytes, ...limits } });

describe("a document at its limit", () => {
  test("takes replacements without end, and is compacted for few of them", async () => {
    const { connect, talk, pass, served, logBytes, refusals, compactions } = setUp();
    const writer = await connect("writer");
    writer.text.insert(0, "x".repeat(8_000));
    await talk();
    for (let count = 0; count < 300; count += 1) {
      writer.doc.transact(() => {
        writer.text.delete(5_000, 100);
        writer.text.insert(5_000, "y".repeat(100));
      });
      await talk();
      expect(await logBytes()).toBeLessThanOrEqual(limitBytes);
      if (count % 20 === 0) await pass(2);
    }
    await pass(10);
    expect(await served()).toBe(writer.text.toString());
    expect([writer.connection.isOpen, writer.notices, await refusals()]).toEqual([true, [], 0]);
    expect(compactions.length).toBeLessThan(40);
  });

  test("takes replacements of one turn one after the other", async () => {
    const { connect, talk, pass, served } = setUp();
    const writer = await connect("writer");
    writer.text.insert(0, "x".repeat(5_000));
    await talk();
    writer.doc.transact(() => {
      writer.text.delete(0, 4_995);
      writer.text.insert(0, "x".repeat(4_995));
    });
    await pass(2);
    // Now the log has no updates since the last compaction.
    for (const letter of "abcdef") {
      writer.doc.transact(() => {
        writer.text.delete(0, 4_000);
        writer.text.insert(0, letter.repeat(4_000));
      });
    }
    await pass(20);
    expect(writer.notices).toEqual([]);
    expect(await served()).toBe(`${"f".repeat(4_000)}${"x".repeat(1_000)}`);
  });

  test("takes deletions at once, whatever the log contains", async () => {
    const { connect, talk, served, compactions } = setUp();
    const writer = await connect("writer");
    writer.text.insert(0, "x".repeat(limitBytes - 40));
    await talk();
    for (let count = 0; count < 20; count += 1) {
      writer.text.delete(count * 2, 1);
      await talk();
    }
    expect(await served()).toBe(writer.text.toString());
    expect([writer.notices, compactions]).toEqual([[], []]);
  });

  test("takes deletions also when it is larger than the limit", async () => {
    const large = new Y.Doc();
    large.getText("t").insert(0, "x".repeat(3 * limitBytes));
    const { store, connect, talk, pass, served } = setUp();
    await store.append([{ document: "document", update: Y.encodeStateAsUpdate(large) }]);
    const writer = await connect("writer");
    writer.text.delete(0, 10);
    await talk();
    expect(await served()).toBe(writer.text.toString());
    writer.text.insert(0, "no");
    await pass(3);
    expect(writer.notices).toHaveLength(1);
    writer.text.delete(0, 2);
    writer.text.delete(0, 2.5 * limitBytes);
    await pass(10);
    writer.text.insert(0, "yes");
    await pass(3);
    expect(await served()).toBe(writer.text.toString());
  });

  test("refuses an insertion when it is full, and takes it when somebody has made space", async () => {
    const { connect, talk, pass, served } = setUp();
    const [writer, other] = [await connect("writer"), await connect("other")];
    writer.text.insert(0, "x".repeat(limitBytes - 25));
    await talk();
    writer.text.insert(0, "first ");
    await pass(2);
    writer.text.insert(0, "second ");
    await pass(60);
    expect(writer.notices).toEqual([expect.stringMatching(/^document-too-large: /)]);
    expect([writer.answers, other.text.toString().slice(0, 3)]).toEqual([1, "xxx"]);
    other.text.delete(0, 1_000);
    await pass(10);
    expect(writer.answers).toBe(2);
    expect(other.text.toString()).toBe(writer.text.toString());
    expect(await served()).toStartWith("second first xxx");
    writer.text.insert(0, "third ");
    await pass(2);
    expect(other.text.toString()).toStartWith("third second first ");
  });
});

describe("a document with as many as it may have", () => {
  const full = [
    ["structs", { documentStructs: 40 }],
    ["client ids", { documentClients: 3 }],
    ["deleted ranges", { documentDeletedRanges: 20 }],
  ] as const;

  /** Makes five structs, and then deletes some of another client, so that the update is no mere deletion. */
  function write(client: { readonly doc: Y.Doc; readonly text: Y.Text }, round: number): void {
    client.doc.clientID = 1_000 + round;
    client.doc.transact(() => {
      for (let index = 0; index < 5; index += 1) client.doc.getMap("map").set(`${round} ${index}`, round);
      for (let index = 0; index < 3; index += 1) client.doc.getMap("map").delete(`${round - 1} ${2 * index}`);
    });
  }

  test.each(full)("%s refuses more, tells the client, and keeps it", async (_, bound) => {
    const { connect, pass, refusals } = setUp({ limits: { ...bound, documentBytes: 10 ** 6 } });
    const writer = await connect("writer");
    for (let round = 0; round < 20; round += 1) {
      write(writer, round);
      await pass(1);
    }
    expect(writer.notices[0]).toStartWith("document-too-large: ");
    expect(writer.connection.isOpen).toBeTrue();
    expect(await refusals()).toBeGreaterThan(0);
    const fresh = await connect("fresh");
    const stored = fresh.doc.getMap("map").size;
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(writer.doc.getMap("map").size);
  });

  test("structs takes text without end, which becomes few structs", async () => {
    const { connect, talk, pass, served, compactions } = setUp({ limits: { documentStructs: 40 } });
    const writer = await connect("writer");
    for (let count = 0; count < 400; count += 1) {
      writer.text.insert(count, "x");
      await talk();
      if (count % 20 === 0) await pass(2);
    }
    await pass(10);
    expect(writer.notices).toEqual([]);
    expect(await served()).toBe("x".repeat(400));
    expect(compactions.length).toBeLessThan(40);
  });

  test("deleted ranges still takes deletions", async () => {
    const { connect, talk, pass, served } = setUp({ limits: { documentDeletedRanges: 10 } });
    const writer = await connect("writer");
    writer.text.insert(0, "x".repeat(100));
    await talk();
    for (let count = 0; count < 18; count += 1) {
      writer.text.delete(2 * count + 1, 1);
      await talk();
    }
    await pass(3);
    expect(writer.notices).toEqual([]);
    expect(await served()).toBe("x".repeat(82));
  });
});

describe("a client whose update is too large", () => {
  /** Pastes, then goes on typing. */
  async function paste(parts: ReturnType<typeof setUp>) {
    const [one, other] = [await parts.connect("one"), await parts.connect("other")];
    const undo = new Y.UndoManager(one.text, { captureTimeout: 0 });
    one.text.insert(0, "before ");
    await parts.talk();
    one.text.insert(7, "x".repeat(2 * limitBytes));
    await parts.pass(2);
    return { one, other, undo };
  }

  test("stays, reads on, and stores nothing that depends on it", async () => {
    const parts = setUp();
    const { one, other } = await paste(parts);
    const stored = await parts.logBytes();
    one.text.insert(0, "after ");
    one.text.insert(0, "after ");
    other.text.insert(0, "meanwhile ");
    await parts.pass(60);
    expect([other.text.toString(), await parts.served()]).toEqual(["meanwhile before ", "meanwhile before "]);
    expect(one.text.toString()).toContain("meanwhile ");
    expect(one.notices).toEqual([expect.stringMatching(/^document-too-large: /)]);
    expect([one.connection.isOpen, one.failure, one.answers]).toEqual([true, undefined, 1]);
    expect(await parts.logBytes()).toBeLessThan(stored + 60);
  });

  test("is back when it has undone it, with everything that was written since", async () => {
    const parts = setUp();
    const { one, other, undo } = await paste(parts);
    one.doc.transact(() => one.text.insert(0, "after "), "not tracked");
    other.text.insert(7, "meanwhile ");
    await parts.pass(2);
    undo.undo();
    await parts.pass(3);
    expect(other.text.toString()).toBe(one.text.toString());
    expect(await parts.served()).toBe("after before meanwhile ");
    one.text.insert(0, "and on ");
    await parts.pass(2);
    expect(other.text.toString()).toStartWith("and on after ");
    expect(one.answers).toBe(2);
  });

  test("is back when it has replaced text by it, and has undone that", async () => {
    const parts = setUp();
    const [one, other] = [await parts.connect("one"), await parts.connect("other")];
    const undo = new Y.UndoManager(one.text, { captureTimeout: 0 });
    one.text.insert(0, "words ".repeat(1_000));
    await parts.talk();
    one.doc.transact(() => {
      one.text.delete(600, 3_000);
      one.text.insert(600, "x".repeat(2 * limitBytes));
    }, null);
    await parts.pass(3);
    undo.undo();
    await parts.pass(20);
    expect(one.text.toString()).toBe("words ".repeat(1_000));
    expect(other.text.toString()).toBe(one.text.toString());
    expect(await parts.served()).toBe(one.text.toString());
  });

  test("is back when it has deleted enough of it, and is not asked for all of it at each deletion", async () => {
    const parts = setUp();
    const { one, other } = await paste(parts);
    for (let count = 0; count < 170; count += 1) {
      one.text.delete(7, 100);
      await parts.talk();
    }
    await parts.pass(20);
    expect(other.text.toString()).toBe(one.text.toString());
    expect(one.answers).toBeLessThan(6);
    expect(one.answerBytes).toBeLessThan(5 * limitBytes);
  });

  test.each([
    ["with", true],
    ["without", false],
  ])("may reconnect %s what it has undone in it", async (_, isCollected) => {
    const parts = setUp();
    const { one, undo } = await paste(parts);
    one.disconnect();
    undo.undo();
    one.doc.transact(() => one.text.insert(0, "offline "), "not tracked");
    const doc = isCollected ? new Y.Doc() : one.doc;
    if (isCollected) Y.applyUpdate(doc, Y.encodeStateAsUpdate(one.doc));
    const again = await parts.connect("again", doc);
    await parts.pass(3);
    expect([again.notices, await parts.served()]).toEqual([[], "offline before "]);
  });

  test("is back when another client has brought what was refused", async () => {
    const parts = setUp();
    const { one, other, undo } = await paste(parts);
    // The other one is connected to it by WebRTC, and comes back with all of it.
    Y.applyUpdate(other.doc, Y.encodeStateAsUpdate(one.doc), "peer");
    await parts.pass(2);
    one.doc.transact(() => one.text.insert(0, "after "), "not tracked");
    undo.undo();
    await parts.talk();
    Y.applyUpdate(other.doc, Y.encodeStateAsUpdate(one.doc), "peer");
    await parts.pass(10);
    expect(await parts.served()).toBe("after before ");
    expect(one.text.toString()).toBe(other.text.toString());
  });

  test("makes others wait for nothing", async () => {
    const gate = Promise.withResolvers<void>();
    const parts = setUp({ compactor: new InlineCompactor({ gate: gate.promise }) });
    const [one, other] = [await parts.connect("one"), await parts.connect("other")];
    one.text.insert(0, "before ");
    await parts.talk();
    one.text.insert(7, "x".repeat(2 * limitBytes));
    one.doc.transact(() => one.text.insert(0, "in order "));
    await parts.talk();
    other.text.insert(0, "meanwhile ");
    await parts.talk();
    expect(one.text.toString()).toContain("meanwhile ");
    expect(one.notices).toEqual([]);
    gate.resolve();
    await settled();
    await parts.pass(2);
    expect(one.notices).toHaveLength(1);
    expect(await parts.served()).toBe("meanwhile before ");
  });
});

describe("a writer that tries to have each frame compacted", () => {
  test("waits for a compaction a second, and others do not", async () => {
    const parts = setUp();
    const [writer, other] = [await parts.connect("writer"), await parts.connect("other")];
    writer.text.insert(0, "x".repeat(limitBytes - 1_000));
    await parts.talk();
    const update = (size: number) => {
      const doc = new Y.Doc();
      doc.getText("t").insert(0, "y".repeat(size));
      doc.getText("t").delete(0, 1);
      return Y.encodeStateAsUpdate(doc);
    };
    // Updates of clients that it makes up: none depends on a refused one.
    for (let count = 0; count < 200; count += 1) {
      Y.applyUpdate(writer.doc, update(1));
      Y.applyUpdate(writer.doc, update(limitBytes));
    }
    await parts.talk();
    other.text.delete(0, 1);
    other.text.insert(0, "z");
    await parts.pass(10);
    expect(other.notices).toEqual([]);
    expect(await parts.served()).toStartWith("z");
    expect(parts.compactions.length).toBeLessThanOrEqual(12);
  });

  test("is refused without a compaction as long as nothing has changed", async () => {
    const parts = setUp();
    const writer = await parts.connect("writer");
    writer.text.insert(0, "x".repeat(limitBytes - 40));
    await parts.talk();
    for (let count = 0; count < 200; count += 1) {
      const doc = new Y.Doc();
      doc.getText("t").insert(0, "y".repeat(100));
      Y.applyUpdate(writer.doc, Y.encodeStateAsUpdate(doc));
      await parts.talk();
    }
    await parts.pass(3);
    expect(await parts.refusals()).toBe(200);
    expect(parts.compactions).toHaveLength(1);
  });
});

test("a writer whose updates delete their own content does not let the document grow without end", async () => {
  const relayFrameBytes = 2_000;
  const parts = setUp({ limits: { relayFrameBytes } });
  const writer = await parts.connect("writer");
  for (let round = 0; round < 15; round += 1) {
    const updates = Array.from({ length: 100 }, (_, index) => {
      const doc = new Y.Doc();
      doc.clientID = 1_000_000 + 100 * round + index;
      doc.getText("t").insert(0, "x");
      doc.getText("t").delete(0, 1);
      return Y.encodeStateAsUpdate(doc);
    });
    Y.applyUpdate(writer.doc, Y.mergeUpdates(updates));
    await parts.pass(3);
  }
  expect(await parts.logBytes()).toBeLessThanOrEqual(limitBytes + relayFrameBytes);
  expect(writer.notices).toHaveLength(1);
});

test("an update that waits for a compaction is given up when the server stops, and is not called too large", async () => {
  const compactor = new InlineCompactor();
  const { connect, talk } = setUp({ compactor });
  const writer = await connect("writer");
  writer.text.insert(0, "x".repeat(limitBytes - 40));
  await talk();
  for (const letter of "abc") {
    writer.doc.transact(() => {
      writer.text.delete(0, 5_000);
      writer.text.insert(0, letter.repeat(5_000));
    });
  }
  writer.text.insert(0, "z".repeat(5_000));
  await talk();
  expect(writer.failure).toBeUndefined();
  await compactor.close();
  await talk();
  expect(writer.failure).toMatchObject({ reason: closeReasons.restart });
  expect(writer.notices).toEqual([]);
});

test("a document that keeps its deleted content is judged by all of it", async () => {
  const parts = setUp({ keepsDeleted: () => true });
  const writer = await parts.connect("writer");
  writer.text.insert(0, "x".repeat(6_000));
  writer.text.delete(0, 6_000);
  writer.text.insert(0, "y".repeat(6_000));
  await parts.pass(3);
  expect([writer.notices.length, await parts.served()]).toEqual([1, ""]);
});

test("a document that cannot be compacted is judged by its log", async () => {
  const compact = () => {
    throw new Error("cannot be compacted");
  };
  const parts = setUp({ compactor: new InlineCompactor({ compact }) });
  const writer = await parts.connect("writer");
  for (let count = 0; count < 5; count += 1) {
    writer.doc.transact(() => {
      writer.text.delete(0, writer.text.length);
      writer.text.insert(0, "x".repeat(3_000));
    });
    await parts.pass(2);
  }
  expect(writer.notices).toHaveLength(1);
  expect(await parts.logBytes()).toBeLessThanOrEqual(limitBytes);
});
