import { describe, expect, test } from "bun:test";
import { DocumentState } from "../../../src/relay/document/document-state.ts";
import { classifyReceived, readReceived } from "../../../src/relay/document/update-intake.ts";
import { relayLimits } from "../../../src/relay/limits.ts";
import { bytesPerStep } from "../../../src/relay/update/large/steps.ts";
import { contentsOf, type UpdateContents } from "../../../src/relay/update/update-contents.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { gc, text, updateBytes } from "../../support/bytes/update-bytes.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";

const limits = { updateStructs: 100_000, updateClients: 50_000, updateDeletedRanges: 50_000 };

const structs = (count: number) =>
  updateBytes([{ client: 7, clock: 0, structs: Array.from({ length: count }, () => gc(1)) }]);

function setUp(update: Uint8Array) {
  const sender = new FakeConnection("sender");
  sender.turns.isStepwise = true;
  const read: UpdateContents[] = [];
  const reading = readReceived(update, sender, limits, (contents) => read.push(contents));
  return { sender, read, reading };
}

test("an update that is read at once has fewer structs and ranges than any bound", () => {
  const { updateStructs, updateClients, updateDeletedRanges } = relayLimits;
  for (const { min } of [updateStructs, updateClients, updateDeletedRanges]) {
    expect(min).toBeGreaterThanOrEqual(bytesPerStep / 2);
  }
});

describe("an update of a client", () => {
  test("that is small is read at once", () => {
    const { sender, read, reading } = setUp(updateBytes([{ client: 7, clock: 0, structs: [text("a")] }]));
    expect(reading).toBe(1);
    expect([read.length, sender.turns.waiting]).toEqual([1, 0]);
  });

  test("that is large is read in turns of its client, 32 KiB in each, and is counted as work", async () => {
    const { sender, read, reading } = setUp(structs(100_000));
    let turns = 0;
    for (; sender.turns.waiting > 0; turns += 1) {
      expect(read).toEqual([]);
      sender.turns.next();
    }
    await reading;
    expect(turns).toBe(6);
    expect(read[0]?.counts).toEqual({ structs: 100_000, deletedRanges: 0 });
    expect(sender.spent.structs).toBeGreaterThan(90_000);
  });

  test("is compared with the document as work of its client, by the ranges of its clocks", () => {
    const sender = new FakeConnection("sender");
    const update = updateBytes(
      [
        { client: 9, clock: 0, structs: [gc(1), gc(1)] },
        { client: 8, clock: 4, structs: [gc(1)] },
      ],
      [
        {
          client: 7,
          ranges: [
            [1, 2],
            [5, 2],
            [9, 1],
          ],
        },
      ],
    );
    const state = new DocumentState(undefined);
    void classifyReceived(state, { update, contents: contentsOf(update) }, sender, () => {});
    expect(sender.spent).toEqual({ ranges: 5 });
  });

  test("that is large is compared in steps, each of which is work of its client", async () => {
    const sender = new FakeConnection("sender");
    sender.turns.isStepwise = true;
    const sections = Array.from({ length: 10_000 }, (_, client) => ({
      client: 10_000 - client,
      clock: 0,
      structs: [gc(1)],
    }));
    const update = updateBytes(sections);
    const received = { update, contents: contentsOf(update) };
    const classifying = classifyReceived(new DocumentState(undefined), received, sender, ({ kind }) => kind);
    const counted = [sender.spent.ranges];
    while (sender.turns.waiting > 0) {
      sender.turns.next();
      counted.push(sender.spent.ranges);
    }
    expect(await classifying).toBe("new");
    expect(counted.slice(0, 3)).toEqual([4_096, 8_192, 12_288]);
  });

  test("that is malformed behind its first part ends the session when that is read", async () => {
    const { sender, reading } = setUp(structs(60_000).subarray(0, -40_000));
    while (sender.turns.waiting > 0) sender.turns.next();
    await expect(reading as Promise<unknown>).rejects.toMatchObject({ reason: closeReasons.malformedFrame });
  });

  test("beyond a bound ends the session as a frame that is too large, and names the bound", () => {
    expect(() => setUp(structs(100_001))).toThrow(
      expect.objectContaining({
        reason: closeReasons.frameTooLarge,
        message: "limits.update-structs: 100001 of 100000 in one update",
      }),
    );
  });
});
