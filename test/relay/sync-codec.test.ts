import { expect, test } from "bun:test";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { decodeSyncMessage, type SyncMessage, updateOffset, writeSyncMessage } from "../../src/relay/sync-codec.ts";

const head = [9, 9, 0];
const frameOf = (message: SyncMessage, ...behind: readonly number[]) =>
  encoding.encode((encoder) => {
    for (const byte of head) encoding.writeUint8(encoder, byte);
    writeSyncMessage(encoder, message);
    for (const byte of behind) encoding.writeUint8(encoder, byte);
  });

test.each([0, 1, 127, 128, 300, 16_383])("an update of %i bytes is found in its frame", (size) => {
  const frame = frameOf({ type: "update", update: new Uint8Array(size).fill(7) });
  const offset = updateOffset(frame, head.length);
  expect(frame.byteLength - offset).toBe(size);
  const decoder = decoding.createDecoder(frame);
  decoder.pos = head.length;
  expect(decodeSyncMessage(decoder)).toEqual({ type: "update", update: frame.slice(offset) });
});

test.each<[name: string, frame: Uint8Array]>([
  ["a SyncStep1", frameOf({ type: "sync-step-1", stateVector: Uint8Array.of(0) })],
  ["a SyncStep2", frameOf({ type: "sync-step-2", update: Uint8Array.of(0, 0) })],
  ["an update with bytes behind it", frameOf({ type: "update", update: Uint8Array.of(0, 0) }, 0)],
  ["an update that is cut off", frameOf({ type: "update", update: new Uint8Array(300) }).slice(0, -1)],
  ["an update that is cut off in its length", Uint8Array.of(...head, 2, 0x80)],
  ["an update of more than 16 kB", frameOf({ type: "update", update: new Uint8Array(16_384) })],
  ["no message", Uint8Array.from(head)],
])("%s is left to the decoder", (_name, frame) => {
  expect(updateOffset(frame, head.length)).toBe(-1);
});
