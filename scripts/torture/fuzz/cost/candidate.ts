import { mutate } from "../../../../test/support/bytes/mutations.ts";
import type { Random } from "../../../../test/support/bytes/random.ts";
import { frame } from "../../attack/attack-socket.ts";
import { documents } from "../../attack/attacker.ts";
import { changedText, type SignalingFrame } from "../json-mutations.ts";

export const costProtocols = ["sync", "collab", "signal", "rooms", "peerjs", "peers"] as const;
export type CostProtocol = (typeof costProtocols)[number];

/** The name that stands in frames for the room of a play. The names of rooms have the same length. */
export const roomPlaceholder = "cost-000000";
/** A document with many structs, which the data folder holds. */
export const seededRoom = documents.history;

/** Frames whose cost is measured. */
export interface Candidate {
  readonly protocol: CostProtocol;
  /** True: the document is the one with many structs. False: the room is new. */
  readonly isSeeded: boolean;
  /** The connections that send the frames in turn. */
  readonly connections: number;
  readonly frames: readonly SignalingFrame[];
  /** How many times the frames are sent. */
  readonly repeats: number;
}

/** The most bytes that a play may send, and the fewest. */
const mostBytes = 128 * 1024;
const fewestBytes = 2 * 1024;
const headBytes = 6;
/** The most characters of a frame that are shown; the file with the candidate has all. */
const shownLength = 160;

function payloadBytes(message: SignalingFrame): number {
  return headBytes + (typeof message === "string" ? Buffer.byteLength(message) : message.byteLength);
}

/** The bytes of a play, heads of WebSocket frames included. */
export function bytesOf({ frames, repeats }: Candidate): number {
  return repeats * frames.reduce((sum, message) => sum + payloadBytes(message), 0);
}

/** The same candidate, its repeats and frames so many that its size is within the bounds. */
export function fitted(candidate: Candidate): Candidate {
  let { frames } = candidate;
  while (frames.length > 1 && bytesOf({ ...candidate, frames, repeats: 1 }) > mostBytes) {
    frames = frames.slice(0, Math.ceil(frames.length / 2));
  }
  const once = Math.max(1, bytesOf({ ...candidate, frames, repeats: 1 }));
  const most = Math.max(1, Math.floor(mostBytes / once));
  const fewest = Math.ceil(fewestBytes / once);
  return { ...candidate, frames, repeats: Math.min(most, Math.max(fewest, candidate.repeats)) };
}

/** The bytes that each connection sends, in the room of this name. */
export function wireBytes({ connections, frames, repeats }: Candidate, room: string): readonly Uint8Array[] {
  const wires = frames.map((message) => frame(inRoom(message, room)));
  const sent = Array.from({ length: connections }, (): Uint8Array[] => []);
  let next = 0;
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const wire of wires) sent[next++ % connections]?.push(wire);
  }
  return sent.map((pieces) => Buffer.concat(pieces));
}

function inRoom(message: SignalingFrame, room: string): SignalingFrame {
  if (typeof message === "string") return message.replaceAll(roomPlaceholder, room);
  const placeholder = Buffer.from(roomPlaceholder);
  const bytes = Buffer.from(message);
  for (let at = bytes.indexOf(placeholder); at >= 0; at = bytes.indexOf(placeholder, at + 1)) bytes.write(room, at);
  return bytes;
}

/** A neighbour of the candidate. `fresh` makes frames of the same protocol. */
export function mutated(candidate: Candidate, fresh: () => readonly SignalingFrame[], random: Random): Candidate {
  const { frames, repeats, connections, isSeeded } = candidate;
  const at = random.integer(frames.length);
  const change = random.pick<() => Partial<Candidate>>([
    () => ({ frames: frames.with(at, changed(frames[at] ?? "", random)) }),
    () => ({ frames: frames.with(at, changed(frames[at] ?? "", random)) }),
    () => ({ frames: frames.with(at, changed(frames[at] ?? "", random)) }),
    () => ({ frames: frames.toSpliced(at, 1) }),
    () => ({ frames: frames.toSpliced(at, frames.length) }),
    () => ({ frames: frames.toSpliced(0, at) }),
    () => ({ frames: frames.toSpliced(at, 0, ...frames.slice(at, at + 1 + random.integer(8))) }),
    () => ({ frames: frames.toSpliced(at, 0, ...fresh().slice(0, 1 + random.integer(4))) }),
    () => ({ frames: random.shuffled(frames) }),
    () => ({ repeats: repeats * random.pick([2, 8]) }),
    () => ({ repeats: Math.ceil(repeats / random.pick([2, 8])) }),
    () => ({ connections: connections === 1 ? random.pick([2, 4]) : 1 }),
    () => ({ isSeeded: !isSeeded }),
  ])();
  const result = { ...candidate, ...change };
  return fitted(result.frames.length === 0 ? candidate : result);
}

function changed(message: SignalingFrame, random: Random): SignalingFrame {
  if (typeof message === "string") return message === "" ? "{}" : changedText(random, message);
  // A large frame is not copied byte by byte.
  if (message.byteLength > 20_000) return message.subarray(0, Math.ceil(message.byteLength / 2));
  return message.byteLength === 0 ? Uint8Array.of(0) : mutate(random, [message]);
}

/** A candidate as JSON, to repeat it. */
export function serialized({ frames, ...rest }: Candidate): string {
  const written = frames.map((message) =>
    typeof message === "string" ? message : { hex: Buffer.from(message).toHex() },
  );
  return JSON.stringify({ ...rest, frames: written });
}

export function parseCandidate(text: string): Candidate {
  const { frames, ...rest } = JSON.parse(text);
  const read = (message: string | { hex: string }) =>
    typeof message === "string" ? message : Uint8Array.fromHex(message.hex);
  return { ...rest, frames: frames.map(read) };
}

/** A candidate in one line, its frames in hexadecimal or as text. */
export function describeCandidate(candidate: Candidate): string {
  const { isSeeded, connections, frames, repeats } = candidate;
  const where = isSeeded ? "in the document of 516 kB" : "in a new room";
  const count = `${frames.length} frames × ${repeats} over ${connections} connections`;
  return `${bytesOf(candidate)} bytes ${where}, ${count}: ${shownFrames(candidate, shownLength)}`;
}

/** The frames in one line: runs of equal ones once, in hexadecimal or as text. */
export function shownFrames({ frames }: Candidate, length: number): string {
  const shown: string[] = [];
  let count = 0;
  for (const [index, message] of frames.entries()) {
    count += 1;
    const text = typeof message === "string" ? message : Buffer.from(message).toHex();
    const next = frames[index + 1];
    if (next !== undefined && text === (typeof next === "string" ? next : Buffer.from(next).toHex())) continue;
    shown.push(`${count > 1 ? `${count} × ` : ""}${text.length > length ? `${text.slice(0, length)}…` : text}`);
    count = 0;
  }
  return shown.join(" | ").slice(0, 4 * length);
}
