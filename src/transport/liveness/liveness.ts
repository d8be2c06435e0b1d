import type { Clock } from "../../lib/time/clock.ts";
import type { TransportLimits } from "../limits.ts";

/** A connection whose client has to show again and again that it can still be reached. */
export interface Watched {
  /** The tick in which the client was last heard. The connection writes `Liveness.tick` to it. */
  heardAt: number;
  /** The tick of the ping that is not answered yet. Written by `Liveness` only. */
  pingedAt: number | undefined;
  /** The `pingedAt` for whose answer the connection is held back. Written by `Liveness` only. */
  heldFor: number | undefined;
  /** The tick of the next look at the connection; undefined while it is not watched. Written by `Liveness` only. */
  lookAt: number | undefined;
  /** False while the server reads nothing from the client, which cannot be heard then. It is heard when that ends. */
  readonly isReading: boolean;
  /** The time that the client may need to receive what was sent before the ping, in addition to `limits.pingAnswerMs`. */
  readonly sendingMs: number;
  sendPing(): void;
  /**
   * The answer to a ping is due soon. Where the kernel shows what it has received, that stays there until `unanswered`,
   * which follows, or until the client is heard otherwise.
   */
  holdBack(): void;
  /** The client has not answered in time, unless it is found to be sending. It is not watched any more. */
  unanswered(): void;
}

export interface LivenessOptions {
  readonly limits: Pick<TransportLimits, "idlePingMs" | "pingAnswerMs">;
  readonly clock: Clock;
}

/** The resolution: the number of ticks in the shorter of both limits. */
const ticksPerLimit = 10;
/** The time before an answer is due in which a connection is held back. */
const heldTicks = 2;
/** The most connections that one turn of the event loop looks at: a ping takes about 10 µs. */
const connectionsPerTurn = 200;
/** The time between two such turns, for other work. */
const betweenTurnsMs = 5;

/**
 * Ends connections whose clients cannot be reached any more: a client that is not heard for `limits.idlePingMs` is
 * pinged, and is closed unless it is heard within `limits.pingAnswerMs`. A client is heard by what it sends, never by what
 * is sent to it. The parts of a large frame count too, where the system shows them: the answer waits behind them.
 *
 * Time is counted in ticks of one timer. No tick passes while the process is stopped or its event loop is blocked: a
 * client is never closed for a silence in which the server did not listen. A connection has no timer of its own and costs
 * nothing between two looks at it; the pings of one tick are spread over many turns of the event loop.
 */
export class Liveness {
  /** The number of ticks so far. */
  tick = 0;
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #idleTicks: number;
  readonly #answerMs: number;
  /** The watched connections by `lookAt`. */
  readonly #byTick = new Map<number, Set<Watched>>();
  /** The watched connections whose `lookAt` has come. */
  readonly #due = new Set<Watched>();
  #isLooking = false;
  #isTicking = false;

  constructor({ limits: { idlePingMs, pingAnswerMs }, clock }: LivenessOptions) {
    this.#clock = clock;
    this.#tickMs = Math.max(1, Math.floor(Math.min(idlePingMs, pingAnswerMs) / ticksPerLimit));
    this.#idleTicks = Math.max(1, Math.floor(idlePingMs / this.#tickMs));
    this.#answerMs = pingAnswerMs;
  }

  /** Watches a connection that has just been opened. */
  watch(connection: Watched): void {
    connection.heardAt = this.tick;
    this.#schedule(connection, this.tick + this.#idleTicks);
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#awaitTick();
  }

  /** Idempotent. */
  unwatch(connection: Watched): void {
    if (connection.lookAt === undefined) return;
    const scheduled = this.#byTick.get(connection.lookAt);
    scheduled?.delete(connection);
    if (scheduled?.size === 0) this.#byTick.delete(connection.lookAt);
    this.#due.delete(connection);
    connection.lookAt = undefined;
  }

  #schedule(connection: Watched, tick: number): void {
    connection.lookAt = tick;
    const scheduled = this.#byTick.get(tick);
    if (scheduled === undefined) this.#byTick.set(tick, new Set([connection]));
    else scheduled.add(connection);
  }

  #awaitTick(): void {
    this.#clock.after(this.#tickMs, () => {
      this.tick += 1;
      for (const connection of this.#byTick.get(this.tick) ?? []) this.#due.add(connection);
      this.#byTick.delete(this.tick);
      if (!this.#isLooking) this.#lookAtSome();
      this.#isTicking = this.#byTick.size > 0 || this.#due.size > 0;
      if (this.#isTicking) this.#awaitTick();
    });
  }

  #lookAtSome(): void {
    let count = 0;
    for (const connection of this.#due) {
      if (count === connectionsPerTurn) break;
      count += 1;
      this.#due.delete(connection);
      this.#look(connection);
    }
    this.#isLooking = this.#due.size > 0;
    if (this.#isLooking) this.#clock.after(betweenTurnsMs, () => this.#lookAtSome());
  }

  #look(connection: Watched): void {
    if (!connection.isReading) connection.heardAt = this.tick;
    const { heardAt, pingedAt } = connection;
    if (pingedAt !== undefined && heardAt < pingedAt) {
      this.#awaitAnswer(connection, pingedAt);
    } else if (this.tick < heardAt + this.#idleTicks) {
      connection.pingedAt = undefined;
      this.#schedule(connection, heardAt + this.#idleTicks);
    } else {
      connection.pingedAt = this.tick;
      connection.sendPing();
      this.#schedule(connection, this.tick + this.#ticksOf(this.#answerMs) - heldTicks);
    }
  }

  #awaitAnswer(connection: Watched, pingedAt: number): void {
    if (connection.heldFor === pingedAt) {
      connection.lookAt = undefined;
      connection.unanswered();
      return;
    }
    const heldFrom = pingedAt + this.#ticksOf(this.#answerMs + connection.sendingMs) - heldTicks;
    if (this.tick < heldFrom) {
      this.#schedule(connection, heldFrom);
    } else {
      connection.heldFor = pingedAt;
      connection.holdBack();
      this.#schedule(connection, this.tick + heldTicks);
    }
  }

  #ticksOf(durationMs: number): number {
    return Math.ceil(durationMs / this.#tickMs);
  }
}
