import { kibibyte, mebibyte } from "../../config/limit.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Pulse } from "../../lib/time/pulse.ts";
import { type CloseReason, closeReasons } from "../close-reason.ts";
import type { TransportLimits } from "../limits.ts";
import { SpareDescriptor } from "./spare-descriptor.ts";
import type { TcpSockets } from "./tcp-sockets.ts";

/** A connection that may hold an unfinished frame. */
export interface ReceivingConnection {
  /** The other end of the TCP connection, as `peerName` writes it. */
  readonly peer: string;
  readonly remoteAddress: string;
  /** The greatest frame of its protocol. */
  readonly frameBytes: number;
  /** The bytes of all complete frames, with their headers; and those of earlier requests, if `UnfinishedFrames` adds them. */
  completeBytes: number;
  /** The part of `completeBytes` that TLS has added at most to frames, since the sockets were asked. 0 without TLS. */
  estimatedBytes: number;
  /** As `Connection.admit` sets it. */
  readonly isAdmitted: boolean;
  /** False while the server reads nothing: what arrives waits in the kernel then. */
  readonly isReading: boolean;
  close(reason: CloseReason, detail: string): void;
  /** Does not wait until the client of a closed connection has received everything. */
  abandon(): void;
}

export interface UnfinishedFramesOptions {
  readonly connections: () => Iterable<ReceivingConnection>;
  readonly limits: Pick<TransportLimits, "unfinishedFrameBytes" | "firstFrameBytes">;
  readonly clock: Clock;
  /** The process is looked at in each beat while it is calm. */
  readonly pulse: Pulse;
  /** The resident memory of the process. */
  readonly residentBytes: () => number;
  /** Called when the sockets are first needed. */
  readonly openSockets: (spare: SpareDescriptor) => TcpSockets | undefined;
}

interface UnfinishedFrame {
  readonly connection: ReceivingConnection;
  readonly bytes: number;
}

/** The time between two looks at the memory soon after a connection has opened, or the process has grown. */
const swiftMs = 20;
const swiftLooks = 100;
/** The growth between two looks that makes the next ones swift. */
const swiftBytes = 4 * mebibyte;
/** The number of TCP connections whose requests are remembered, the last ones. */
const rememberedPeers = 10_000;
/** The looks at the sockets take at most this part of the time. */
const lookShare = 0.1;
/** The growth of the process after which the sockets are asked. */
const growthBytes = 32 * mebibyte;
/** The request that opens a WebSocket has fewer bytes than this: the server refuses a larger one. */
const requestBytes = 16 * kibibyte;
/** The sockets are asked when so much of a connection is estimated: an unfinished frame could hide behind it. */
export const mostEstimatedBytes = 4 * mebibyte;
/** A frame of this many times the bound is still received, so that it is refused by name. */
const readableFrames = 2;

/**
 * Bounds the frames that clients have sent in part.
 *
 * The runtime collects a frame until it is complete, without any event. But the kernel counts the bytes of each socket:
 * what was read of them beyond the complete frames is the unfinished frame. To ask for all sockets costs milliseconds,
 * so they are asked when the process has grown, and then as long as unfinished frames take much of their bound: those that
 * go on may fill memory that others have left. Where the system does not tell, nothing is bounded here.
 *
 * TLS adds bytes that nobody counts. At most so many are estimated with each frame, which would in time hide an unfinished
 * one; so the estimate is corrected whenever the sockets are asked.
 */
export class UnfinishedFrames {
  readonly #options: UnfinishedFramesOptions;
  readonly #spare = new SpareDescriptor();
  /** The memory of the process after the last look at the sockets, or less if it has shrunk since. */
  #calmBytes = Number.POSITIVE_INFINITY;
  #sockets: TcpSockets | undefined;
  #isSupported = true;
  /** Whether the last look found so much that the next one comes without any growth. */
  #isAlarmed = false;
  /** The number of looks until they are no longer swift. */
  #swiftLooks = 0;
  #residentBytes = 0;
  /** The duration of the last look at the sockets. */
  #lookedMs = 0;
  /** Whether the next look is at the sockets, as much of a connection is estimated. */
  #isEstimated = false;
  /** The number of requests by TCP connection. */
  readonly #requests = new Map<string, number>();
  /** The new connections whose TCP connection has carried other requests before, as those of proxies do. */
  #reused: ReceivingConnection[] = [];
  #cancel: (() => void) | undefined;

  constructor(options: UnfinishedFramesOptions) {
    this.#options = options;
  }

  /** A request has come on the TCP connection of this peer. */
  requested(peer: string): void {
    this.#requests.set(peer, (this.#requests.get(peer) ?? 0) + 1);
    if (this.#requests.size <= rememberedPeers) return;
    const [oldest = peer] = this.#requests.keys();
    this.#requests.delete(oldest);
  }

  /** The last request of a TCP connection has opened a WebSocket. The timer runs while there are any. */
  opened(connection: ReceivingConnection): void {
    if (!this.#isSupported) return;
    const requests = this.#requests.get(connection.peer) ?? 0;
    this.#requests.delete(connection.peer);
    if (requests > 1) this.#reused.push(connection);
    if (this.#cancel === undefined) this.#measure();
    // The timer for the calm is left to run: a client that connects cannot put off the next look.
    this.#swiftLooks = swiftLooks;
    this.#schedule();
  }

  /** More than `mostEstimatedBytes` of a connection are estimated. */
  estimated(): void {
    this.#isEstimated = true;
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#spare[Symbol.dispose]();
  }

  #schedule(): void {
    const { clock, pulse } = this.#options;
    const restMs = this.#lookedMs / lookShare;
    const isCalm = this.#swiftLooks === 0 && restMs <= pulse.intervalMs;
    const look = () => this.#look();
    this.#cancel ??= isCalm ? pulse.next(look) : clock.after(Math.max(swiftMs, restMs), look);
  }

  #measure(): void {
    const former = this.#residentBytes;
    try {
      this.#residentBytes = this.#spare.use(this.#options.residentBytes);
    } catch {
      // No descriptor is left to read it. The sockets are asked instead.
      this.#isAlarmed = true;
      return;
    }
    this.#calmBytes = Math.min(this.#calmBytes, this.#residentBytes);
    this.#swiftLooks = this.#residentBytes - former >= swiftBytes ? swiftLooks : Math.max(0, this.#swiftLooks - 1);
  }

  #look(): void {
    this.#cancel = undefined;
    this.#measure();
    const grownBytes = this.#residentBytes - this.#calmBytes;
    this.#lookedMs = 0;
    if (this.#isAlarmed || this.#isEstimated || this.#reused.length > 0 || grownBytes >= growthBytes) {
      const startedAt = performance.now();
      this.#enforceIfTold();
      this.#calmBytes = this.#residentBytes;
      this.#lookedMs = performance.now() - startedAt;
    }
    const { done: isEmpty } = this.#options.connections()[Symbol.iterator]().next();
    if (isEmpty !== true && this.#isSupported) this.#schedule();
  }

  /** Enforces the bounds; at the next look if the system does not tell now, as when no descriptor is left. */
  #enforceIfTold(): void {
    try {
      this.#enforce();
    } catch {
      this.#isAlarmed = true;
    }
  }

  #enforce(): void {
    this.#sockets ??= this.#options.openSockets(this.#spare);
    if (this.#sockets === undefined) {
      this.#isSupported = false;
      return;
    }
    const { firstFrameBytes, unfinishedFrameBytes } = this.#options.limits;
    const readBytes = this.#sockets.readBytes();
    for (const connection of this.#reused) connection.completeBytes = readBytes.get(connection.peer) ?? 0;
    this.#reused = [];
    this.#isEstimated = false;
    const found = this.#findFrames(readBytes);
    const frames = found.filter(({ connection, bytes }) => {
      const { isAdmitted } = connection;
      const limit = isAdmitted ? readableFrames * connection.frameBytes : firstFrameBytes;
      if (bytes <= limit + requestBytes) return true;
      cutOff(connection, isAdmitted ? "the bound of the protocol's frames" : "limits.first-frame-bytes", bytes);
      return false;
    });
    // One frame of any protocol is always let in.
    const bound = Math.max(unfinishedFrameBytes, ...frames.map(({ connection }) => connection.frameBytes));
    let sum = frames.reduce((total, { bytes }) => total + bytes, 0);
    this.#isAlarmed = frames.length < found.length || sum > bound / 2;
    while (sum > bound) {
      const largest = takeLargest(frames);
      if (largest === undefined) break;
      cutOff(largest.connection, "limits.unfinished-frame-bytes", largest.bytes);
      sum -= largest.bytes;
    }
  }

  /** The unfinished frames that are larger than those of a stranger may be. The smaller ones are bounded by their number. */
  #findFrames(readBytes: ReadonlyMap<string, number>): UnfinishedFrame[] {
    const { connections, limits } = this.#options;
    const frames: UnfinishedFrame[] = [];
    for (const connection of connections()) {
      const read = readBytes.get(connection.peer) ?? 0;
      if (connection.estimatedBytes > 0) correctEstimate(connection, read);
      const bytes = read - connection.completeBytes;
      if (bytes > limits.firstFrameBytes && connection.isReading) frames.push({ connection, bytes });
    }
    return frames;
  }
}

/** TLS has added less than was estimated, when the frames that are complete seem to have more bytes than were read. */
function correctEstimate(connection: ReceivingConnection, readBytes: number): void {
  connection.completeBytes = Math.min(connection.completeBytes, readBytes);
  connection.estimatedBytes = 0;
}

/** Removes the largest frame of the address whose frames are largest together. */
function takeLargest(frames: UnfinishedFrame[]): UnfinishedFrame | undefined {
  const sums = new Map<string, number>();
  for (const { connection, bytes } of frames) {
    sums.set(connection.remoteAddress, (sums.get(connection.remoteAddress) ?? 0) + bytes);
  }
  const sumOf = ({ connection }: UnfinishedFrame) => sums.get(connection.remoteAddress) ?? 0;
  const [first, ...others] = frames;
  if (first === undefined) return undefined;
  const largest = others.reduce((one, other) => {
    const difference = sumOf(other) - sumOf(one) || other.bytes - one.bytes;
    return difference > 0 ? other : one;
  }, first);
  frames.splice(frames.indexOf(largest), 1);
  return largest;
}

function cutOff(connection: ReceivingConnection, bound: string, bytes: number): void {
  connection.close(closeReasons.overloaded, `${bound}: ${bytes} bytes of an unfinished frame`);
  connection.abandon();
}
