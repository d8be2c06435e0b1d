import type { Clock } from "../lib/time/clock.ts";

export interface RoomRegistryOptions<R> {
  open(name: string): R | Promise<R>;
  /** The registry forgets the room when this has settled, also when it has failed. */
  close(room: R): void | Promise<void>;
  /** A client waits for this room to close: optional work should be skipped. May be called repeatedly. */
  reopenRequested?(room: R): void;
  closeFailed(name: string, error: unknown): void;
  /** How long a room stays open after its last lease has been released. */
  readonly lingerMs: number;
  readonly clock: Clock;
}

/** Keeps a room open until it is released. */
export interface Lease<R> {
  readonly room: R;
  /** Idempotent. */
  release(): void;
}

/** A room from the start of its opening to the start of its closing. */
interface Slot<R> {
  readonly name: string;
  readonly opened: Promise<R>;
  /** Counts the leases that are held and those that wait for the room to open. */
  leases: number;
  /** Its room has been closed, whoever still holds a lease. */
  isClosed: boolean;
  stopLingering(): void;
}

/** A class instead of an object with closures, which take more memory: a server holds many leases. */
class SlotLease<R> implements Lease<R> {
  readonly room: R;
  #slot: Slot<R> | undefined;
  readonly #released: (slot: Slot<R>, room: R) => void;

  constructor(room: R, slot: Slot<R>, released: (slot: Slot<R>, room: R) => void) {
    this.room = room;
    this.#slot = slot;
    this.#released = released;
  }

  release(): void {
    const slot = this.#slot;
    this.#slot = undefined;
    if (slot !== undefined) this.#released(slot, this.room);
  }
}

/** A room from the start of its closing to its end. */
interface Closing<R> {
  readonly room: R;
  readonly closed: Promise<void>;
}

/**
 * The lifecycle of named rooms.
 *
 * At most one room of a name exists at any time: concurrent acquires open it once, and it is opened again only when the
 * close of the previous one has ended. A failed open rejects every acquire that waited for it; the next acquire tries
 * again.
 */
export class RoomRegistry<R> {
  readonly #options: RoomRegistryOptions<R>;
  readonly #slots = new Map<string, Slot<R>>();
  /** The rooms of the slots that have opened. */
  readonly #rooms = new Map<string, R>();
  readonly #closing = new Map<string, Closing<R>>();
  #drained: Promise<void> | undefined;

  constructor(options: RoomRegistryOptions<R>) {
    this.#options = options;
  }

  /** The number of open rooms, including the ones that linger. */
  get size(): number {
    return this.#rooms.size;
  }

  [Symbol.iterator](): IterableIterator<R> {
    return this.#rooms.values();
  }

  /** The room of this name, if it is open. */
  find(name: string): R | undefined {
    return this.#rooms.get(name);
  }

  /** Whether the room of this name is open, opening or closing. */
  isInUse(name: string): boolean {
    return this.#slots.has(name) || this.#closing.has(name);
  }

  /** Gives the room of this name to `task`: now if it is open, and otherwise when it has opened if it is opening. */
  whenOpen(name: string, task: (room: R) => void): void {
    const room = this.#rooms.get(name);
    if (room === undefined) this.#slots.get(name)?.opened.then(task, () => {});
    else task(room);
  }

  /** As `whenOpen`, for all rooms. */
  whenAllOpen(task: (room: R) => void): void {
    for (const name of [...this.#slots.keys()]) this.whenOpen(name, task);
  }

  /** The open rooms by name. */
  entries(): IterableIterator<[string, R]> {
    return this.#rooms.entries();
  }

  /** Opens the room if it is not open. Rejects with the error of a failed open, and after `drain`. */
  async acquire(name: string): Promise<Lease<R>> {
    for (let closing = this.#closing.get(name); closing !== undefined; closing = this.#closing.get(name)) {
      this.#options.reopenRequested?.(closing.room);
      await closing.closed;
    }
    this.#refuseDrained();
    const slot = this.#slots.get(name) ?? this.#open(name);
    slot.stopLingering();
    slot.leases += 1;
    const room = await slot.opened;
    this.#refuseDrained();
    if (slot.isClosed) return this.acquire(name);
    return new SlotLease(room, slot, this.#released);
  }

  /**
   * Closes the room of this name now, if it is open, and resolves when its close has ended. Leases that are held stay
   * valid, but their room is closed; the next acquire opens the room anew.
   */
  async close(name: string): Promise<void> {
    const slot = this.#slots.get(name);
    if (slot !== undefined) await this.#closeSlot(name, slot);
    await this.#closing.get(name)?.closed;
  }

  async #closeSlot(name: string, slot: Slot<R>): Promise<void> {
    try {
      const room = await slot.opened;
      // It may have been closed meanwhile.
      if (this.#slots.get(name) !== slot) return;
      slot.isClosed = true;
      slot.stopLingering();
      this.#close(name, room);
    } catch {
      // A failed open leaves no room to close.
    }
  }

  readonly #released = (slot: Slot<R>, room: R): void => {
    slot.leases -= 1;
    if (slot.leases === 0 && !slot.isClosed && this.#drained === undefined) this.#linger(slot.name, slot, room);
  };

  /** Closes all rooms now, leased or not, and resolves when every close has ended. Every later acquire rejects. */
  drain(): Promise<void> {
    this.#drained ??= this.#closeAll();
    return this.#drained;
  }

  #refuseDrained(): void {
    if (this.#drained !== undefined) throw new Error("the room registry is shutting down");
  }

  #open(name: string): Slot<R> {
    const opened = (async () => this.#options.open(name))();
    const slot: Slot<R> = { name, opened, leases: 0, isClosed: false, stopLingering: () => {} };
    this.#slots.set(name, slot);
    opened.then(
      (room) => this.#rooms.set(name, room),
      () => this.#slots.delete(name),
    );
    return slot;
  }

  #linger(name: string, slot: Slot<R>, room: R): void {
    slot.stopLingering = this.#options.clock.after(this.#options.lingerMs, () => this.#close(name, room));
  }

  #close(name: string, room: R): void {
    this.#slots.delete(name);
    this.#rooms.delete(name);
    const closed = this.#closeRoom(name, room).finally(() => this.#closing.delete(name));
    this.#closing.set(name, { room, closed });
  }

  async #closeRoom(name: string, room: R): Promise<void> {
    try {
      await this.#options.close(room);
    } catch (error) {
      this.#options.closeFailed(name, error);
    }
  }

  async #closeAll(): Promise<void> {
    const opened = [...this.#slots].map(async ([name, slot]) => {
      slot.stopLingering();
      this.#close(name, await slot.opened);
    });
    // A failed open has rejected the acquires that waited for it.
    await Promise.allSettled(opened);
    await Promise.all(Array.from(this.#closing.values(), ({ closed }) => closed));
  }
}
