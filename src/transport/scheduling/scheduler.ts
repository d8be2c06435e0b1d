import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import { ByteBudget } from "../../lib/byte-budget.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Pulse } from "../../lib/time/pulse.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Connection } from "../connection.ts";
import type { TransportLimits } from "../limits.ts";
import { type Turns, type WorkKind, workCosts, workKinds } from "../work.ts";
import { EventLoopLag } from "./event-loop-lag.ts";
import { FairQueue } from "./fair-queue.ts";
import { type Allowance, Usage } from "./usage.ts";

export interface SchedulerOptions {
  readonly limits: Pick<TransportLimits, "workBurstMs" | "workMsPerSecond" | "workAddressShare" | "departedInboxBytes">;
  readonly addresses: CountedAddresses;
  readonly clock: Clock;
  readonly pulse: Pulse;
  /** Elapsed milliseconds, with fractions. */
  readonly elapsedMs: () => number;
  readonly metrics: Pick<Metrics, "work" | "turnWait" | "waitingConnections" | "eventLoopLag" | "budgets">;
}

/** A connection that is read by itself, and not when its client is given a turn. */
export interface Reader {
  /** Stops reading until the client's next turn. */
  suspend(): void;
}

/** A connection, as its account needs it. */
export type AccountHolder = Pick<Connection, "remoteAddress" | "cork">;

/** The clients of one address. */
interface Address {
  readonly usage: Usage;
  accounts: number;
}

/** The work after which the event loop reads sockets and runs timers again, in microseconds. */
const sliceMicroseconds = 4_000;
/** The work that a client which has waited gets done before the next one has its turn, in microseconds. */
const turnMicroseconds = 250;
/** A client that has used more than its share and has waited for so many milliseconds comes first, one in each slice. */
const longWaitMs = 1_000;
/** Below this number, addresses without clients are not removed. */
const fewAddresses = 1_000;
/** The frames that may come in a slice that is used up, before no socket is read any more. */
const maxDelayedFrames = 5_000;

/**
 * Divides the time of the event loop between clients, by the work that each of them causes.
 *
 * A client's frame is handled at once unless the slice of the event loop's time is used up, or others wait while it has
 * used more than its share. Then it waits for a turn. Turns begin after the event loop has read all sockets; the clients
 * that have used less than their share come first, and the addresses take turns among each other.
 *
 * So a client that is alone may use all of the time, and one that sends little need not wait for those that send much.
 */
export class Scheduler {
  /** Taken by the frames of clients that have disconnected, until they are handled. */
  readonly departedFrames: ByteBudget;
  readonly #options: SchedulerOptions;
  readonly #allowance: Allowance;
  readonly #addressAllowance: Allowance;
  readonly #addresses = new Map<string, Address>();
  /** At this many addresses those without clients are removed: twice as many as the last removal left. */
  #removalSize = fewAddresses;
  readonly #total = Object.fromEntries(workKinds.map((kind) => [kind, 0])) as Record<WorkKind, number>;
  /** The tasks of the clients that are within their shares, and those of the others. */
  readonly #first = new FairQueue<WaitingTask>();
  readonly #last = new FairQueue<WaitingTask>();
  /** The work since the event loop has last read the sockets, in microseconds. */
  #sliceUsed = 0;
  /** The frames that have come since then and have to wait. */
  #delayedFrames = 0;
  #isTurnDue = false;
  #readers: () => Iterable<Reader> = () => [];
  readonly #lag: EventLoopLag;
  #accounts = 0;
  /** The client that has its turn. */
  #served: WorkAccount | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const { limits, metrics } = options;
    this.#lag = new EventLoopLag(options);
    this.departedFrames = new ByteBudget(limits.departedInboxBytes);
    this.#allowance = { burst: 1_000 * limits.workBurstMs, perSecond: 1_000 * limits.workMsPerSecond };
    this.#addressAllowance = {
      burst: limits.workAddressShare * this.#allowance.burst,
      perSecond: limits.workAddressShare * this.#allowance.perSecond,
    };
    for (const kind of workKinds) metrics.work.readFrom(kind, () => this.#total[kind]);
    metrics.budgets.readFrom("departed-inboxes", {
      used: () => this.departedFrames.usedBytes,
      limit: () => limits.departedInboxBytes,
    });
    metrics.waitingConnections.readFrom(() => this.#first.size + this.#last.size);
  }

  /** Must be called once, with the function that returns all connections that are read. */
  readFrom(readers: () => Iterable<Reader>): void {
    this.#readers = readers;
  }

  /** Whether no socket should be read until its client's next turn. */
  get isReadingSuspended(): boolean {
    return this.#delayedFrames >= maxDelayedFrames;
  }

  /** Opens the account of a connection. It must be closed. */
  open(connection: AccountHolder): WorkAccount {
    this.#accounts += 1;
    this.#lag.start();
    const key = this.#options.addresses.keyOf(connection.remoteAddress);
    const address = key === undefined ? undefined : this.#addressOf(key);
    return new WorkAccount(this, { connection, address, usage: this.#usage(this.#allowance) });
  }

  /** Called by an account. */
  close(address: Address | undefined): void {
    this.#accounts -= 1;
    if (this.#accounts === 0) this.#lag.stop();
    if (address === undefined) return;
    address.accounts -= 1;
  }

  /** Called by an account. Returns the microseconds. */
  count(kind: WorkKind, amount: number): number {
    const microseconds = workCosts[kind] * amount;
    this.#total[kind] += amount;
    this.#sliceUsed += microseconds;
    return microseconds;
  }

  /**
   * Called by an account. The runtime hands over all frames of what it has read of a socket, and reads each socket that
   * is ready: only sockets that are not read any more are left out.
   */
  delayed(): void {
    this.#delayedFrames += 1;
    if (this.#delayedFrames % maxDelayedFrames === 0) for (const reader of this.#readers()) reader.suspend();
  }

  /** Called by an account. */
  isOverFor(account: WorkAccount): boolean {
    if (this.#sliceUsed >= sliceMicroseconds) return true;
    if (this.#served === account) return account.turnUsed >= turnMicroseconds;
    if (this.#first.size === 0 && this.#last.size === 0) return false;
    return account.hasExceeded;
  }

  /** Called by an account. */
  wait(account: WorkAccount, task: () => void): void {
    const queue = account.hasExceeded ? this.#last : this.#first;
    queue.add(account.address ?? account, { account, task, since: this.#options.elapsedMs() });
    this.#scheduleTurns();
  }

  #usage(allowance: Allowance): Usage {
    return new Usage(allowance, this.#options.clock);
  }

  #addressOf(key: string): Address {
    const known = this.#addresses.get(key);
    if (known === undefined && this.#addresses.size >= this.#removalSize) this.#removeAddresses();
    const address = known ?? { usage: this.#usage(this.#addressAllowance), accounts: 0 };
    address.accounts += 1;
    if (known === undefined) this.#addresses.set(key, address);
    return address;
  }

  /** An address that has used more than its share is kept: a client must not get a new share by a new connection. */
  #removeAddresses(): void {
    for (const [key, { accounts, usage }] of this.#addresses) {
      if (accounts === 0 && !usage.isExceeded) this.#addresses.delete(key);
    }
    this.#removalSize = Math.max(fewAddresses, 2 * this.#addresses.size);
  }

  #scheduleTurns(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#options.clock.afterTurn(() => {
      this.#isTurnDue = false;
      this.#giveTurns();
    });
  }

  #giveTurns(): void {
    const { elapsedMs, metrics } = this.#options;
    const startedAt = elapsedMs();
    this.#sliceUsed = 0;
    try {
      let overdue = this.#takeOverdue(startedAt);
      for (let now = startedAt; this.#sliceUsed < sliceMicroseconds; now = elapsedMs()) {
        // The costs are estimates: what takes longer ends the slice as well.
        if (1_000 * (now - startedAt) >= sliceMicroseconds) break;
        const waiting = overdue ?? this.#first.take() ?? this.#last.take();
        overdue = undefined;
        if (waiting === undefined) break;
        metrics.turnWait.observe((now - waiting.since) / 1_000);
        this.#serve(waiting);
      }
    } finally {
      this.#sliceUsed = 0;
      this.#delayedFrames = 0;
      if (this.#first.size > 0 || this.#last.size > 0) this.#scheduleTurns();
    }
  }

  /** Takes the task that has waited long, of a client that has used more than its share: none waits for ever. */
  #takeOverdue(now: number): WaitingTask | undefined {
    const first = this.#last.first;
    return first !== undefined && now - first.since >= longWaitMs ? this.#last.take() : undefined;
  }

  #serve({ account, task }: WaitingTask): void {
    this.#served = account;
    account.turnUsed = 0;
    try {
      // Outside of a message's own handler each frame would be written by itself.
      account.connection.cork(task);
    } finally {
      this.#served = undefined;
    }
  }
}

interface WaitingTask {
  readonly account: WorkAccount;
  readonly task: () => void;
  /** In the milliseconds of `elapsedMs`. */
  readonly since: number;
}

interface WorkAccountOptions {
  readonly connection: AccountHolder;
  readonly address: Address | undefined;
  readonly usage: Usage;
}

/** The work that is done for one connection, and its turns. */
export class WorkAccount implements Turns {
  /** The work of the turn that the client has, in microseconds. */
  turnUsed = 0;
  readonly connection: AccountHolder;
  readonly address: Address | undefined;
  readonly #scheduler: Scheduler;
  readonly #usage: Usage;
  #isOpen = true;

  constructor(scheduler: Scheduler, { connection, address, usage }: WorkAccountOptions) {
    this.#scheduler = scheduler;
    this.#usage = usage;
    this.connection = connection;
    this.address = address;
  }

  /** As `Connection.spend`. */
  spend(kind: WorkKind, amount: number): void {
    const microseconds = this.#scheduler.count(kind, amount);
    this.turnUsed += microseconds;
    this.#use(microseconds);
  }

  /** A frame has come. Its work counts against the client's share, as that of frames that wait already. */
  received(bytes: number): void {
    this.#use(workCosts.frames + bytes * workCosts.bytes);
  }

  /** A frame that has come is about to be handled. */
  handling(bytes: number): void {
    this.turnUsed += this.#scheduler.count("frames", 1) + this.#scheduler.count("bytes", bytes);
  }

  delayed(): void {
    this.#scheduler.delayed();
  }

  get isOver(): boolean {
    return this.#scheduler.isOverFor(this);
  }

  wait(task: () => void): void {
    this.#scheduler.wait(this, task);
  }

  #use(microseconds: number): void {
    this.#usage.add(microseconds);
    this.address?.usage.add(microseconds);
  }

  /** Whether the client, or all clients of its address together, have used more than their share. */
  get hasExceeded(): boolean {
    return this.#usage.isExceeded || this.address?.usage.isExceeded === true;
  }

  /** Idempotent. Tasks that wait are called nevertheless. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#scheduler.close(this.address);
  }
}
