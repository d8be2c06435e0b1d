import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as Y from "yjs";
import {
  type CompactedUpdates,
  type CompactionInput,
  type Compactor,
  CompactorClosed,
} from "../../src/relay/compaction/compactor.ts";
import { packUpdates } from "../../src/relay/update/packed-updates.ts";
import { updatesOf } from "../support/clients/raw-client.ts";

/** The contract of every compactor. */
export function describeCompactor(name: string, start: () => Compactor): void {
  describe(name, () => {
    let compactor: Compactor;
    beforeEach(() => {
      compactor = start();
    });
    afterEach(() => compactor.close());

    const updatesTyped = (text: string) =>
      updatesOf((doc) => {
        for (const character of text) doc.getText("t").insert(doc.getText("t").length, character);
        doc.getText("t").delete(0, 1);
      });
    const inputOf = (updates: readonly Uint8Array[], keepsDeleted = false): CompactionInput => ({
      ...packUpdates(updates),
      keepsDeleted,
    });
    const typed = (text: string) => () => inputOf(updatesTyped(text));
    const read = ({ base }: CompactedUpdates) => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, base);
      return doc.getText("t").toString();
    };

    test("makes one update of many", async () => {
      expect(read(await compactor.compact(typed("hello")))).toBe("ello");
    });

    test("removes deleted content, or keeps it where that is asked for", async () => {
      const updates = updatesTyped("hello");
      const [collected, kept] = await Promise.all(
        [false, true].map((keepsDeleted) => compactor.compact(() => inputOf(updates, keepsDeleted))),
      );
      expect([collected, kept].map((compacted) => compacted && read(compacted))).toEqual(["ello", "ello"]);
      expect([collected, kept].map((compacted) => Buffer.from(compacted?.base ?? []).includes("h"))).toEqual([
        false,
        true,
      ]);
    });

    test("rejects with the error that taking the updates throws, and goes on", async () => {
      const failing = compactor.compact(() => {
        throw new Error("there are none");
      });
      const next = compactor.compact(typed("on"));
      expect(await failing.catch(String)).toBe("Error: there are none");
      expect(read(await next)).toBe("n");
    });

    test("rejects with the error that reading the updates rejects with, and goes on", async () => {
      const failing = compactor.compact(async () => {
        throw new Error("they cannot be read");
      });
      const next = compactor.compact(async () => typed("on")());
      expect(await failing.catch(String)).toBe("Error: they cannot be read");
      expect(read(await next)).toBe("n");
    });

    test("answers each of several overlapping calls with its own result", async () => {
      const texts = ["one", "two", "three", "four"];
      const bases = await Promise.all(texts.map((text) => compactor.compact(typed(text))));
      expect(bases.map(read)).toEqual(texts.map((text) => text.slice(1)));
    });

    test("rejects bytes that are not an update, compacts the rest, and goes on", async () => {
      const [first = Uint8Array.of()] = updatesTyped("x");
      const compacted = await compactor.compact(() => inputOf([...updatesTyped("ab"), first.subarray(1)]));
      expect([read(compacted), compacted.rejected]).toEqual(["b", [3]]);
      expect(read(await compactor.compact(typed("on")))).toBe("n");
    });

    test("rejects running and later calls with CompactorClosed once it is closed", async () => {
      const running = Promise.allSettled([compactor.compact(typed("running")), compactor.compact(typed("waiting"))]);
      await compactor.close();
      await compactor.close();
      const late = Promise.allSettled([compactor.compact(typed("late"))]);
      for (const result of [...(await running), ...(await late)]) {
        expect(result).toEqual({ status: "rejected", reason: expect.any(CompactorClosed) });
      }
    });
  });
}
