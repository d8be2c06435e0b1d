import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { AwarenessReader, decodeAwareness, encodeAwareness } from "../../../src/relay/awareness/awareness-codec.ts";
import { decodeStateVector } from "../../../src/relay/update/state-vector.ts";
import { DecodeError } from "../../../src/relay/update/strict-decoding.ts";
import { decodeContents } from "../../../src/relay/update/update-contents.ts";
import { type ClientMessage, decodeFrame } from "../../../src/relay/y-websocket/codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import { invent, mutate, session } from "../../../test/support/bytes/mutations.ts";
import type { Random } from "../../../test/support/bytes/random.ts";
import { hostileUpdates } from "./hostile-corpus.ts";

const framesPerSession = 200;
const sync = 0;
const awareness = 1;
const queryAwareness = 3;

/** Frames of y-websocket: a few as clients send them, the others changed. The same seed generates the same frames. */
export function* syncFrames(random: Random): Generator<Uint8Array, never> {
  for (;;) {
    const updates = session(random);
    for (let left = framesPerSession; left > 0; left -= 1) yield syncFrame(random, updates);
  }
}

/** True if the server must refuse the frame in any state, by the rules of its codecs. */
export function isRefused(frame: Uint8Array): boolean {
  try {
    const content = decodeFrame(frame);
    return content.type === "several" ? [...content.messages].some(isMalformed) : isMalformed(content);
  } catch (error) {
    if (error instanceof SessionError) return true;
    throw error;
  }
}

/** True if a part of the message is malformed that the sync protocols have in common. */
export function isMalformed(message: ClientMessage): boolean {
  try {
    switch (message.type) {
      case "sync-step-1":
        decodeStateVector(message.stateVector);
        return false;
      case "sync-step-2":
      case "update":
        return decodeContents(message.update).kind === "malformed";
      case "awareness":
        decodeAwareness(message.body);
        return false;
      case "query-awareness":
      case "unknown":
        return false;
    }
  } catch (error) {
    if (error instanceof SessionError || error instanceof DecodeError) return true;
    throw error;
  }
}

/**
 * True for an awareness update that is malformed in its states alone. The server reads a state only if it needs it, so
 * that whether it refuses the update depends on what others have sent.
 */
export function isMalformedInStates(message: ClientMessage): boolean {
  if (message.type !== "awareness" || !isMalformed(message)) return false;
  const unbounded = Number.POSITIVE_INFINITY;
  try {
    const reader = new AwarenessReader(message.body);
    reader.read({ entries: unbounded, bytes: unbounded, stateLength: unbounded, isNeeded: () => false });
    return true;
  } catch {
    return false;
  }
}

function syncFrame(random: Random, updates: readonly Uint8Array[]): Uint8Array {
  for (;;) {
    const maker = random.pick(random.chance(0.25) ? mostlyRefused : mostlyAccepted);
    const frame = maker(random, updates);
    if (!hasMalformedStates(frame)) return frame;
  }
}

function hasMalformedStates(frame: Uint8Array): boolean {
  try {
    const content = decodeFrame(frame);
    return (content.type === "several" ? [...content.messages] : [content]).some(isMalformedInStates);
  } catch {
    return false;
  }
}

type Maker = (random: Random, updates: readonly Uint8Array[]) => Uint8Array;

/**
 * Each of these frames costs a connection. They are rare, so that the server sees more of the others in the same time.
 */
const mostlyRefused: readonly Maker[] = [
  (random, updates) => updateFrame(random, mutate(random, updates)),
  (random, updates) => updateFrame(random, mutate(random, updates)),
  (random, updates) => updateFrame(random, padded(random, random.pick(updates))),
  (random, updates) => updateFrame(random, withHugeNumber(random, random.pick(updates))),
  (random, updates) => updateFrame(random, Uint8Array.from([...random.pick(updates), ...random.pick(updates)])),
  (random) => updateFrame(random, random.pick(hostileUpdates)),
  (random, updates) => mutate(random, [updateFrame(random, random.pick(updates)), awarenessFrame(random)]),
  (random, updates) => withOtherTypes(random, updateFrame(random, random.pick(updates))),
  (random, updates) => stateVectorFrame(mutate(random, [stateVectorOf(random.pick(updates))])),
  (random) => framed([awareness], mutate(random, [awarenessOf(random)])),
  (random) => randomBytes(random),
];

const mostlyAccepted: readonly Maker[] = [
  (random, updates) => updateFrame(random, random.pick(updates)),
  (random) => updateFrame(random, invent(random)),
  (random) => updateFrame(random, invent(random)),
  (random, updates) => updateFrame(random, inText(random, random.pick(updates))),
  (random, updates) => updateFrame(random, acceptedMutation(random, updates)),
  (random, updates) => updateFrame(random, acceptedMutation(random, updates)),
  (random, updates) => stateVectorFrame(stateVectorOf(random.pick(updates))),
  (random) => awarenessFrame(random),
  () => Uint8Array.of(queryAwareness),
];

/** The first of some updates, mutated in a way that keeps its structure valid, if there is one. */
function acceptedMutation(random: Random, updates: readonly Uint8Array[]): Uint8Array {
  for (let tries = 0; tries < 8; tries += 1) {
    const mutated = mutate(random, updates);
    if (decodeContents(mutated).kind === "contents") return mutated;
  }
  return random.pick(updates);
}

function updateFrame(random: Random, update: Uint8Array): Uint8Array {
  return framed([sync, random.pick([1, 2, 2, 2])], update);
}

function stateVectorFrame(stateVector: Uint8Array): Uint8Array {
  return framed([sync, 0], stateVector);
}

function stateVectorOf(update: Uint8Array): Uint8Array {
  return Y.encodeStateVectorFromUpdate(update);
}

function awarenessFrame(random: Random): Uint8Array {
  return framed([awareness], awarenessOf(random));
}

function awarenessOf(random: Random): Uint8Array {
  const entries = Array.from({ length: random.integer(3) }, () => ({
    clientId: random.integer(50),
    clock: random.integer(random.pick([3, 2 ** 32])),
    state: random.pick(["null", "{}", '{"user":{"name":"A","color":"#fff"}}', "7", '"\\ud83e"', '{"__proto__":1}']),
  }));
  return encodeAwareness(entries);
}

function framed(types: readonly number[], body: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    for (const type of types) encoding.writeVarUint(encoder, type);
    encoding.writeVarUint8Array(encoder, body);
  });
}

/** Replaces one printable character by another. Most of them are content, which the server does not interpret. */
function inText(random: Random, update: Uint8Array): Uint8Array {
  const printable = [...update.keys()].filter((at) => (update[at] ?? 0) >= 97 && (update[at] ?? 0) <= 122);
  if (printable.length === 0) return update;
  return update.with(random.pick(printable), 97 + random.integer(26));
}

/** Encodes one byte as a number of several bytes, up to more bytes than any number has. */
function padded(random: Random, update: Uint8Array): Uint8Array {
  const at = random.integer(update.length);
  const zeros = Array<number>(random.pick([0, 1, 8, 150])).fill(0x80);
  return spliced(update, at, [(update[at] ?? 0) | 0x80, ...zeros, 0]);
}

function withHugeNumber(random: Random, update: Uint8Array): Uint8Array {
  const value = random.pick([2 ** 31, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER]);
  const written = encoding.encode((encoder) => encoding.writeVarUint(encoder, value));
  return spliced(update, random.integer(update.length), [...written]);
}

function withOtherTypes(random: Random, frame: Uint8Array): Uint8Array {
  const types = () => random.pick([0, 1, 2, 3, 4, 5, 7, 127, 128, 255]);
  return random.chance(0.5) ? frame.with(0, types()) : frame.with(1, types());
}

function randomBytes(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.integer(random.pick([4, 40, 400])) }, () => random.integer(256));
}

function spliced(original: Uint8Array, at: number, instead: readonly number[]): Uint8Array {
  return Uint8Array.from([...original.subarray(0, at), ...instead, ...original.subarray(at + 1)]);
}
