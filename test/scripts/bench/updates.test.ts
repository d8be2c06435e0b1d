import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { hocuspocusDialect } from "../../../scripts/bench/load/hocuspocus-dialect.ts";
import { bareSignalingDialect, signalingDialect } from "../../../scripts/bench/load/signaling-dialect.ts";
import {
  insertedUpdates,
  inventPatches,
  largeDocument,
  typedUpdates,
  writerId,
} from "../../../scripts/bench/load/updates.ts";
import { yWebsocketDialect } from "../../../scripts/bench/load/y-websocket-dialect.ts";
import { decodeFrame } from "../../../src/relay/y-websocket/codec.ts";

describe("the typed updates of the load", () => {
  test("are one per keystroke and together make the document", () => {
    const { updates, document } = typedUpdates(500);
    expect(updates).toHaveLength(500);
    const doc = new Y.Doc();
    for (const update of updates) Y.applyUpdate(doc, update);
    expect(Y.encodeStateAsUpdate(doc)).toEqual(document);
  });

  test("add one clock each where they only insert", () => {
    insertedUpdates(300).forEach((update, index) => {
      expect(Y.parseUpdateMeta(update)).toEqual({
        from: new Map([[writerId, index]]),
        to: new Map([[writerId, index + 1]]),
      });
    });
  });

  test("are the same every time where they are generated, and stay within the text", () => {
    expect(inventPatches(2000)).toEqual(inventPatches(2000));
    let length = 0;
    for (const [position, deleted, inserted] of inventPatches(2000)) {
      expect(position + deleted).toBeLessThanOrEqual(length);
      length += inserted.length - deleted;
    }
  });

  test("have about the requested size", () => {
    const bytes = largeDocument(100_000).length;
    expect(bytes).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThan(110_000);
  });
});

describe("the dialects", () => {
  const update = insertedUpdates(1)[0] ?? new Uint8Array();

  test("of y-websocket encodes messages that the server's codec reads", () => {
    const dialect = yWebsocketDialect("/sync/", { mergesUpdates: true });
    const [hello = new Uint8Array()] = dialect.hello("a");
    expect(decodeFrame(hello)).toEqual({ type: "sync-step-1", stateVector: Uint8Array.of(0) });
    expect(decodeFrame(dialect.update("a", update))).toEqual({ type: "update", update });
    expect(decodeFrame(dialect.awareness("a", Uint8Array.of(1, 2)))).toEqual({
      type: "awareness",
      body: Uint8Array.of(1, 2),
    });
  });

  test.each([
    ["y-websocket", yWebsocketDialect("/", { mergesUpdates: false })],
    ["Hocuspocus", hocuspocusDialect("/collab", { mergesUpdates: false })],
  ] as const)("of %s recognises its own update", (_, dialect) => {
    const message = Buffer.concat([Uint8Array.of(9, 9), dialect.update("a document", update)]);
    expect(dialect.kindOf(message, 2, message.length - 2)).toBe("update");
    expect(message.subarray(dialect.updateOffset(message, 2))).toEqual(Buffer.from(update));
  });

  test("of Hocuspocus distinguishes a status from a ping and an update", () => {
    const dialect = hocuspocusDialect("/", { mergesUpdates: true });
    const kindOf = (...bytes: number[]) => dialect.kindOf(Uint8Array.from(bytes), 0, bytes.length);
    expect(kindOf(1, 97, 8, 1)).toBe("status");
    expect(kindOf(1, 97, 0, 1, 2, 0, 0)).toBe("synced");
    expect(kindOf(1, 97, 1, 1, 0)).toBe("awareness");
    expect(kindOf(9)).toBe("other");
  });

  test("of signaling distinguishes a published message from an answer", () => {
    const encoder = new TextEncoder();
    const kindOf = (text: string) => signalingDialect.kindOf(encoder.encode(text), 0, text.length);
    expect(kindOf('{"type":"publish","topic":"a","data":{},"clients":3}')).toBe("update");
    expect(kindOf('{"type":"pong"}')).toBe("synced");
    const published = bareSignalingDialect.update("a", update);
    expect(bareSignalingDialect.kindOf(published, 0, published.length)).toBe("update");
    expect(JSON.parse(new TextDecoder().decode(published))).toMatchObject({ type: "publish", topic: "a" });
  });
});
