import * as encoding from "lib0/encoding";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import {
  type ClientMessage,
  decodeAddress,
  decodeMessage,
  encodeAddress,
  isKnownType,
  maxAddressBytes,
  messageTypes,
} from "../../../src/relay/hocuspocus/codec.ts";
import { checkRoomName } from "../../../src/rooms/room-name.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import { framed, providerFrames } from "../../../test/support/bytes/hocuspocus-frames.ts";
import { mutate } from "../../../test/support/bytes/mutations.ts";
import type { Random } from "../../../test/support/bytes/random.ts";
import { isMalformed, isMalformedInStates } from "./sync-mutations.ts";

/** The frames of a client on one connection, and the reaction that is expected of the server. */
export interface Conversation {
  readonly frames: readonly (string | Uint8Array)[];
  /** The number of documents that the server refuses because of the frames. */
  readonly refusals: number;
  /** True if the server ends the connection at the last frame. */
  readonly endsConnection: boolean;
  /**
   * Frames that are refused once more in each document, whatever its state: their answers show that all frames before
   * them have been handled.
   */
  readonly conclusion: readonly Uint8Array[];
  /** The number of refusals with the conclusion's detail. */
  readonly conclusions: number;
}

const framesPerConversation = 100;
/** Addresses in a conversation besides the documents themselves. */
const addressesPerConversation = 2;
export const conclusionDetail = "a broadcast between servers";

/**
 * Generates conversations about the `documents` of the moment. `bodies` are frames of y-websocket, whose types and
 * bodies Hocuspocus shares.
 */
export function* conversations(
  random: Random,
  bodies: Iterator<Uint8Array, never>,
  documents: () => readonly string[],
): Generator<Conversation, never> {
  for (;;) yield conversation(random, bodies, documents());
}

function conversation(random: Random, bodies: Iterator<Uint8Array, never>, documents: readonly string[]): Conversation {
  const addresses = Array.from({ length: addressesPerConversation }, () => addressOf(random, documents));
  const expected = new Expectation();
  const frames: (string | Uint8Array)[] = [];
  const say = (frame: string | Uint8Array) => {
    if (expected.isOver) return;
    frames.push(frame);
    expected.hear(frame);
  };
  // At least one document stays open, in which the conclusion is answered.
  for (const document of documents) say(providerFrames(document).auth());
  while (frames.length < framesPerConversation && !expected.isOver) {
    const address = random.pick([...documents, ...addresses]);
    if (expected.isRefused(address) && random.chance(0.8)) {
      // The server ignores the address until it authenticates again.
      say(providerFrames(address).close());
      say(providerFrames(address).auth("token"));
    } else {
      const frame = frameOf(random, address, bodies);
      if (!hasMalformedStates(frame)) say(frame);
    }
  }
  return {
    frames,
    refusals: expected.refusals,
    endsConnection: expected.isOver,
    conclusion: expected.addresses.flatMap((address) => [
      providerFrames(address).close(),
      framed(address, messageTypes.broadcastStateless),
    ]),
    conclusions: expected.addresses.length + expected.conclusions,
  };
}

function hasMalformedStates(frame: string | Uint8Array): boolean {
  if (typeof frame === "string" || frame.byteLength <= 1) return false;
  const addressed = understand(() => decodeAddress(frame, maxAddressBytes(defaultLimits.nameBytes)));
  if (addressed instanceof SessionError) return false;
  const message = understand(() => decodeMessage(frame, addressed.offset));
  return !(message instanceof SessionError) && message.type === "awareness" && isMalformedInStates(message);
}

/** The expected reaction of the server to the frames of one connection, from its codecs. */
class Expectation {
  /** The details with which addresses are refused; undefined for one that is not refused. */
  readonly #refused = new Map<string, string | undefined>();
  readonly #entered = new Set<string>();
  #refusals = 0;
  #conclusions = 0;
  #isOver = false;

  get refusals(): number {
    return this.#refusals;
  }

  /** The number of refusals with the conclusion's detail. */
  get conclusions(): number {
    return this.#conclusions;
  }

  /** True if the connection is to be closed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * The addresses of all documents that were entered. Documents do not wait for each other: frames of one that was left
   * again may be handled last.
   */
  get addresses(): readonly string[] {
    return [...this.#entered];
  }

  isRefused(address: string): boolean {
    return this.#refused.get(address) !== undefined;
  }

  hear(frame: string | Uint8Array): void {
    // The server ignores texts, empty frames and single bytes, except a ping.
    if (typeof frame === "string" || frame.byteLength <= 1) return;
    const addressed = understand(() => decodeAddress(frame, maxAddressBytes(defaultLimits.nameBytes)));
    if (addressed instanceof SessionError) this.#isOver = true;
    else this.#hearOf(addressed.address, frame, addressed.offset);
  }

  #hearOf(address: string, frame: Uint8Array, offset: number): void {
    if (!this.#refused.has(address)) {
      if (!isKnownType(frame[offset])) return;
      this.#enter(address);
    }
    const isHeard = [messageTypes.auth, messageTypes.close].some((type) => type === frame[offset]);
    if (this.isRefused(address) && !isHeard) return;
    const message = understand(() => decodeMessage(frame, offset));
    const detail = this.#refused.get(address);
    if (message instanceof SessionError) this.#refuse(address, message.message);
    else if (message.type === "close") this.#refused.delete(address);
    else if (isRefusedIn(message)) this.#refuse(address, "malformed");
    else if (message.type === "authentication" && detail !== undefined) this.#answer(detail);
  }

  #enter(address: string): void {
    if (isForbidden(address)) this.#refuse(address, "forbidden");
    else {
      this.#refused.set(address, undefined);
      this.#entered.add(address);
    }
  }

  #refuse(address: string, detail: string): void {
    this.#refused.set(address, detail);
    this.#answer(detail);
  }

  #answer(detail: string): void {
    if (detail === conclusionDetail) this.#conclusions += 1;
    else this.#refusals += 1;
  }
}

function isForbidden(address: string): boolean {
  return checkRoomName(address.split("\0")[0] ?? "", defaultLimits.nameBytes) !== undefined;
}

function isRefusedIn(message: ClientMessage): boolean {
  switch (message.type) {
    case "authentication":
    case "stateless":
    case "close":
      return false;
    default:
      return isMalformed(message);
  }
}

function understand<T>(read: () => T): T | SessionError {
  try {
    return read();
  } catch (error) {
    if (error instanceof SessionError) return error;
    throw error;
  }
}

/**
 * An address with a session, with the name of a property that every object has, or of a document that may not be
 * entered.
 */
function addressOf(random: Random, documents: readonly string[]): string {
  return random.pick([
    () => `${random.pick(documents)}\0${random.integer(1e9)}`,
    () => `${random.pick(documents)}\0${random.integer(1e9)}`,
    () => `${random.pick(documents)}\0`,
    () => "__proto__",
    () => random.pick(forbidden),
  ])();
}

const forbidden = ["", "\0", "\0session", "line\nbreak", "x".repeat(257), `${"x".repeat(257)}\0session`];

function frameOf(random: Random, address: string, bodies: Iterator<Uint8Array, never>): string | Uint8Array {
  const { auth, step1, awareness, queryAwareness, stateless, close } = providerFrames(address);
  const body = () => withAddress(address, bodies.next().value);
  if (random.chance(0.6)) return body();
  if (random.chance(0.03)) return random.pick(ofNoDocument);
  return random.pick<() => Uint8Array>([
    () => auth("token"),
    () => framed(address, messageTypes.auth, 0, "token", "4.8.0"),
    () => framed(address, messageTypes.auth, random.integer(4), ...random.some(["token", "", 7], 0.5)),
    step1,
    queryAwareness,
    close,
    () => framed(address, messageTypes.close, ...random.some(["reason", 0, "more"], 0.3)),
    () => stateless("x".repeat(random.pick([0, 1, 100, 10_000]))),
    () => awareness(random.integer(9), random.integer(9), random.pick([null, {}, { user: "one" }])),
    // The type is one between servers, one that only a server sends, or one that does not exist.
    () => framed(address, random.pick([4, 6, 8, 9, 10, 11, 127, 128, 2 ** 40]), ...random.some([0, 1, "text"], 0.5)),
    () => withinBytes(random, body()),
    () => withinBytes(random, body()),
    () => withinBytes(random, auth("token")),
    () => Uint8Array.of(messageTypes.ping),
  ])();
}

/** Each of these frames ends the connection, is ignored, or answers a message that was not sent. */
const ofNoDocument: readonly (string | Uint8Array)[] = [
  "text",
  new Uint8Array(),
  Uint8Array.of(messageTypes.pong),
  Uint8Array.of(0),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f, 0),
  // The frame is an address alone, an address that is cut off, or one that is too long.
  encodeAddress("alone"),
  encodeAddress("cut off").subarray(0, 4),
  framed("x".repeat(5_000), messageTypes.queryAwareness),
  // The address is not valid UTF-8.
  Uint8Array.of(2, 0xc3, 0x28, messageTypes.queryAwareness),
  new Uint8Array(50).fill(0x80),
];

/** Changes bytes somewhere. If the address changes, it most likely becomes that of another document or of none. */
function withinBytes(random: Random, frame: Uint8Array): Uint8Array {
  return mutate(random, [frame]);
}

function withAddress(address: string, message: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address);
    encoding.writeUint8Array(encoder, message);
  });
}
