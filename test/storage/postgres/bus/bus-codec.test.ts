import { describe, expect, test } from "bun:test";
import * as encoding from "lib0/encoding";
import {
  type BusItem,
  bytesInEnvelope,
  decodeEnvelope,
  emptyEnvelopeBytes,
  encodeEnvelope,
  encodeItem,
} from "../../../../src/storage/postgres/bus/bus-codec.ts";
import { withSeeds } from "../../../support/bytes/random.ts";

const body = Uint8Array.of(0, 255, 7);

const items: readonly BusItem[] = [
  { kind: "beat", asksForBeats: true, views: new Map([["0123456789abcdef", 300]]) },
  { kind: "beat", asksForBeats: false, views: new Map() },
  { kind: "ended" },
  { kind: "message", to: undefined, subject: "presence", room: "", body },
  { kind: "message", to: "0123456789abcdef", subject: "peerjs", room: "ä\u0000", body: new Uint8Array() },
  { kind: "question", id: 70_000, subject: "presence", room: "r", body },
  { kind: "answer", to: "0123456789abcdef", id: 1, body },
  { kind: "answer", to: "0123456789abcdef", id: 1, body: new Uint8Array() },
  { kind: "answer", to: "0123456789abcdef", id: 1, body: undefined },
  { kind: "spilled", to: undefined, place: 3 },
  { kind: "spilled", to: "0123456789abcdef", place: 2 ** 40 },
];

describe("an envelope of the bus", () => {
  test("has the items that were written, in order", () => {
    const bytes = encodeEnvelope(2 ** 41, items.map(encodeItem));
    expect(decodeEnvelope(bytes)).toEqual({ number: 2 ** 41, items });
  });

  test("is not longer than its items say", () => {
    const encoded = [...items.map(encodeItem), new Uint8Array(5_000)];
    const bound = encoded.reduce((sum, item) => sum + bytesInEnvelope(item), emptyEnvelopeBytes);
    expect(encodeEnvelope(Number.MAX_SAFE_INTEGER, encoded).byteLength).toBeLessThanOrEqual(bound);
  });

  test("of another format is ignored, and so are items of unknown kinds", () => {
    const later = encoding.encode((encoder) => encoding.writeVarUint(encoder, 2));
    expect(decodeEnvelope(later)).toBeUndefined();
    const unknown = Uint8Array.of(99, 1, 2, 3);
    const known: BusItem = { kind: "ended" };
    expect(decodeEnvelope(encodeEnvelope(1, [unknown, encodeItem(known)]))).toEqual({ number: 1, items: [known] });
  });

  test("that is malformed is decoded, or throws", () => {
    const bytes = encodeEnvelope(5, items.map(encodeItem));
    withSeeds(500, (random) => {
      const mutated = bytes.slice(0, random.integer(bytes.byteLength + 1));
      for (let change = 0; change < 3; change += 1) mutated[random.integer(mutated.byteLength)] = random.integer(256);
      try {
        expect(decodeEnvelope(mutated)?.items.length ?? 0).toBeLessThanOrEqual(bytes.byteLength);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    });
  });
});
