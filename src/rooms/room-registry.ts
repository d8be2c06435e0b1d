import type { Clock } from "../lib/time/clock.ts";

export interface RoomRegistryOptions<R> {
  open(name: string): R | Promise<R>;
  /** The room is forgotten when this has ended, also when it failed. */
  close(room: R): void | Promise<void>;
  /** Someone waits for the close of this room to end: what can be left undone should be. May be called repeatedly. */
  hurry?(room: R): void;
  closeFailed(name: string, error: unknown): void;
  /** How long a room stays open when its last lease has been released. */
  readonly lingerMs: number;
  readonly clock: Clock;
}

/** The right to use a room, which stays open as long as anyone holds one. */
export interface Lease<R> {
  readonly room: R;
  /** Idempotent. */
  release(): void;
}

/** A room from the start of its opening to the start of its closing. */
interface Slot<R> {
  readonly name: string;
  readonly opened: Promise<R>;
  /** Those held and those that wait for the room to open. */
  leases: number;
  stopLingering(): void;
}

/** A class and no closure: a server holds many. */
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
 * Of one name at most one room exists at any time: it is opened once under concurrent acquires, and opened anew only
 * when the close of the one before has ended. A failed open rejects everyone who waited for it; the next acquire tries
 * again.
 */
export class RoomRegistry<R> {
  readonly #options: RoomRegistryOptions<R>;
  readonly #slots = new Map<string, Slot<R>>();
  /** The rooms of those slots that have opened. */
  readonly #rooms = new Map<string, R>();
  readonly #closing = new Map<string, Closing<R>>();
  #drained: Promise<void> | undefined;

  constructor(options: RoomRegistryOptions<R>) {
    this.#options = options;
  }

  /** Open rooms, those that linger included. */
  get size(): number {
    return this.#rooms.size;
  }

  [Symbol.iterator](): IterableIterator<R> {
    return this.#rooms.values();
  }

  /** Open rooms by their names. */
  entries(): IterableIterator<[string, R]> {
    return this.#rooms.entries();
  }

  /** Rejects with the error of a failed open, and after `drain`. */
  async acquire(name: string): Promise<Lease<R>> {
    for (let closing = this.#closing.get(name); closing !== undefined; closing = this.#closing.get(name)) {
      this.#options.hurry?.(closing.room);
      await closing.closed;
    }
    this.#refuseDrained();
    const slot = this.#slots.get(name) ?? this.#open(name);
    slot.stopLingering();
    slot.leases += 1;
    const room = await slot.opened;
    this.#refuseDrained();
    return new SlotLease(room, slot, this.#released);
  }

  readonly #released = (slot: Slot<R>, room: R): void => {
    slot.leases -= 1;
    if (slot.leases === 0 && this.#drained === undefined) this.#linger(slot.name, slot, room);
  };

  /** Closes all rooms now, whoever holds a lease; resolves when every close has ended. Rooms can be acquired no more. */
  drain(): Promise<void> {
    this.#drained ??= this.#closeAll();
    return this.#drained;
  }

  #refuseDrained(): void {
    if (this.#drained !== undefined) throw new Error("no room can be acquired any more");
  }

  #open(name: string): Slot<R> {
    const opened = (async () => this.#options.open(name))();
    const slot: Slot<R> = { name, opened, leases: 0, stopLingering: () => {} };
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
    // An open that failed is reported to those who waited for it.
    await Promise.allSettled(opened);
    await Promise.all(Array.from(this.#closing.values(), ({ closed }) => closed));
  }
}
