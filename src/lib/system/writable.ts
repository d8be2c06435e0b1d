import { FFIType } from "bun:ffi";
import { openCLibrary } from "./c-library.ts";

const calls = {
  poll: { args: [FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
} as const;

// poll(2): a structure of a descriptor, the events that are asked for, and those that have come.
const structureBytes = 8;
const eventsOffset = 4;
const writableEvent = 4;

/**
 * Returns a function that tells whether a write to the descriptor would be taken now, at least in part: for a pipe up to
 * 4,096 bytes. It is true as well for a descriptor that can never be written again, and where the system does not tell.
 */
export function writableCheck(descriptor: number): () => boolean {
  const library = openCLibrary(calls);
  if (library === undefined) return () => true;
  const structure = new Uint8Array(structureBytes);
  const view = new DataView(structure.buffer);
  view.setInt32(0, descriptor, true);
  view.setInt16(eventsOffset, writableEvent, true);
  return () => library.symbols.poll(structure, 1n, 0) !== 0;
}
