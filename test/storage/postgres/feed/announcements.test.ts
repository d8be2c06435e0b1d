import { describe, expect, test } from "bun:test";
import { packBatch } from "../../../../src/storage/postgres/documents/packed-batch.ts";
import type { AnnouncedBatch } from "../../../../src/storage/postgres/feed/announced-batch.ts";
import { Announcements } from "../../../../src/storage/postgres/feed/announcements.ts";
import { FakeNotifications } from "../../../support/database/fake-notifications.ts";

const channel = "batches";

class Nodes {
  readonly notifications = new FakeNotifications();

  /** Opens the announcements of a node. */
  async open() {
    const heard: (readonly AnnouncedBatch[] | undefined)[] = [];
    let drops = 0;
    const sql = this.notifications.connect();
    const announcements = new Announcements({ channel, pool: sql, writer: sql, dropped: () => (drops += 1) });
    await announcements.listen((batches) => heard.push(batches));
    const announce = (number: number, bytes = 3) => {
      const batch = packBatch([{ document: "d", update: new Uint8Array(bytes).fill(number) }], 0);
      announcements.announce({ writer: 1, number }, batch, [number]);
    };
    const numbers = () => heard.map((batches) => batches?.map(({ place }) => place.number));
    return { announce, numbers, heard, drops: () => drops };
  }

  /** Lets what is sent arrive. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    this.notifications.deliver();
  }
}

describe("announcements", () => {
  test("are heard by the other nodes, with the updates", async () => {
    const nodes = new Nodes();
    const [a, b] = [await nodes.open(), await nodes.open()];
    a.announce(1);
    await nodes.settle();
    expect(a.heard).toEqual([]);
    expect(b.heard).toEqual([
      [
        {
          place: { writer: 1, number: 1 },
          updates: [{ document: "d", row: 1, update: Uint8Array.of(1, 1, 1), user: undefined }],
        },
      ],
    ]);
  });

  test("that wait for a notification under way share the next ones, in order, as many as fit", async () => {
    const nodes = new Nodes();
    const [a, b] = [await nodes.open(), await nodes.open()];
    const gate = Promise.withResolvers<void>();
    nodes.notifications.gate = gate.promise;
    for (let number = 1; number <= 12; number += 1) a.announce(number, 1_000);
    gate.resolve();
    await nodes.settle();
    expect(b.numbers()).toEqual([[1], [2, 3, 4, 5, 6], [7, 8, 9, 10, 11], [12]]);
    for (const { payload } of nodes.notifications.sent) expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
    expect(a.drops()).toBe(0);
  });

  test("are dropped if no notification can hold them, or if too many wait, and go on", async () => {
    const nodes = new Nodes();
    const [a, b] = [await nodes.open(), await nodes.open()];
    a.announce(1, 5_985);
    a.announce(2, 100_000);
    expect(a.drops()).toBe(2);
    const gate = Promise.withResolvers<void>();
    nodes.notifications.gate = gate.promise;
    for (let number = 3; number <= 24; number += 1) a.announce(number, 5_000);
    expect(a.drops()).toBe(3);
    gate.resolve();
    await nodes.settle();
    expect(b.numbers()).toEqual([[3]]);
  });

  test("of the largest size that fits are sent", async () => {
    const nodes = new Nodes();
    const [a, b] = [await nodes.open(), await nodes.open()];
    let bytes = 5_985;
    for (let before = -1; before !== a.drops(); bytes -= 1) {
      before = a.drops();
      a.announce(1, bytes);
    }
    await nodes.settle();
    expect(b.numbers()).toEqual([[1]]);
    expect(Buffer.byteLength(nodes.notifications.sent[0]?.payload ?? "")).toBe(7_996);
  });

  test("that this release cannot read are told as such", async () => {
    const nodes = new Nodes();
    const node = await nodes.open();
    const name = "0123456789abcdef";
    for (const content of ["", "AA==", "no base64!", "AQ=="])
      nodes.notifications.sent.push({ channel, payload: name + content });
    await nodes.settle();
    expect(node.heard).toEqual([[], undefined, undefined, undefined]);
  });
});
