import { type WatermarkListener, Watermarks } from "../lib/watermarks.ts";
import type { Turns } from "./work.ts";

/** The items of an inbox that wait, in order. */
export interface WaitingItems<Item> {
  /** The memory that the waiting items take. */
  readonly bytes: number;
  readonly isEmpty: boolean;
  /** `bytes` is what the item holds by itself. */
  add(item: Item, bytes: number): void;
  /** Removes the first item. Undefined when none waits. */
  take(): Item | undefined;
  clear(): void;
}

/** The limit of an inbox, and the calls to its owner. After `filled` the source should stop reading. */
export interface InboxOptions<Item> extends WatermarkListener {
  /** Queued bytes above which `filled` is called; `cleared` follows when half of them are left. */
  readonly limitBytes: number;
  /** The turns in which items are handled. Without them an item is handled as soon as the one before has settled. */
  readonly turns?: Turns;
  /** Called when an item has to wait for the first time: most connections never need a queue. */
  openQueue(): WaitingItems<Item>;
  handle(item: Item): void | Promise<void>;
  /** An item threw or rejected: the waiting items are dropped. `finish` or `abandon` may follow. */
  readonly failed: (error: unknown) => void;
}

/** A task for an inbox of tasks. */
export type Task = () => void | Promise<void>;

export type TaskInboxOptions = Omit<InboxOptions<Task>, "openQueue" | "handle">;

/**
 * The one place where frames wait: an ordered queue, bounded by bytes, that handles one item at a time.
 *
 * An item is handled at once, inside `push`, when nothing waits or is handled before it and `turns` are not over. After
 * the last call of `finish` or `abandon` nothing is called any more.
 */
export class Inbox<Item> {
  readonly #options: InboxOptions<Item>;
  #queue: WaitingItems<Item> | undefined;
  #level: Watermarks | undefined;
  #isHandling = false;
  #awaitsTurn = false;
  #state: "open" | "ending" | "ended" = "open";
  #last: (() => void) | undefined;

  constructor(options: InboxOptions<Item>) {
    this.#options = options;
  }

  /** An inbox whose items are tasks. */
  static ofTasks(options: TaskInboxOptions): Inbox<Task> {
    return new Inbox<Task>({
      limitBytes: options.limitBytes,
      failed: options.failed,
      ...(options.turns && { turns: options.turns }),
      ...(options.filled && { filled: options.filled }),
      ...(options.cleared && { cleared: options.cleared }),
      openQueue: () => new ItemQueue(),
      handle: (task) => task(),
    });
  }

  get waitingBytes(): number {
    return this.#queue?.bytes ?? 0;
  }

  /** Whether an item that is pushed now is handled at once. */
  get isIdle(): boolean {
    if (this.#state !== "open" || this.#isHandling || this.#awaitsTurn) return false;
    return this.#options.turns?.isOver !== true;
  }

  /** Handles `item` after all earlier ones; `bytes` is what it holds in memory. */
  push(bytes: number, item: Item): void {
    if (this.#state !== "open") return;
    if (this.isIdle) {
      this.#start(item);
      this.#continue();
    } else {
      this.#wait(bytes, item);
    }
  }

  /** Waits for `opening` before the first item. Called before any `push`. */
  begin(opening: Promise<void>): void {
    this.#isHandling = true;
    void this.#waitFor(opening);
  }

  /** Accepts no further item; the waiting ones are still handled, then `last` is called. */
  finish(last: () => void): void {
    this.#end(last);
  }

  /** Accepts no further item and drops the waiting ones; `last` is called once the present one has settled. */
  abandon(last: () => void): void {
    this.#drop();
    this.#end(last);
  }

  #end(last: () => void): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#last = last;
    this.#continue();
  }

  #wait(bytes: number, item: Item): void {
    this.#queue ??= this.#options.openQueue();
    this.#queue.add(item, bytes);
    this.#options.turns?.delayed();
    if (!this.#isHandling) this.#awaitTurn();
    const { limitBytes } = this.#options;
    this.#level ??= new Watermarks(limitBytes, limitBytes / 2, this.#options);
    this.#level.set(this.#queue.bytes);
  }

  #awaitTurn(): void {
    if (this.#awaitsTurn || this.#options.turns === undefined) return;
    this.#awaitsTurn = true;
    this.#options.turns.wait(() => {
      this.#awaitsTurn = false;
      this.#continue();
    });
  }

  #drop(): void {
    this.#queue?.clear();
    this.#level?.set(0);
  }

  #start(item: Item): void {
    this.#isHandling = true;
    try {
      const handling = this.#options.handle(item);
      if (handling !== undefined) {
        void this.#waitFor(handling);
        return;
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#isHandling = false;
  }

  async #waitFor(handling: Promise<void>): Promise<void> {
    try {
      await handling;
    } catch (error) {
      this.#fail(error);
    }
    this.#isHandling = false;
    this.#continue();
  }

  /** Handles the waiting items, as long as the turn lasts. */
  #continue(): void {
    while (!this.#isHandling && this.#queue?.isEmpty === false) {
      if (this.#awaitsTurn) return;
      if (this.#options.turns?.isOver === true) {
        this.#awaitTurn();
        return;
      }
      const item = this.#queue.take();
      this.#level?.set(this.#queue.bytes);
      if (item !== undefined) this.#start(item);
    }
    if (this.#isHandling || this.#state !== "ending") return;
    this.#state = "ended";
    this.#last?.();
  }

  #fail(error: unknown): void {
    this.#drop();
    this.#options.failed(error);
  }
}

/** Items as they are. */
class ItemQueue<Item> implements WaitingItems<Item> {
  bytes = 0;
  #items: { readonly item: Item; readonly bytes: number }[] = [];
  /** Index of the first waiting item: shifting a long array would copy it each time. */
  #first = 0;

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  add(item: Item, bytes: number): void {
    this.#items.push({ item, bytes });
    this.bytes += bytes;
  }

  take(): Item | undefined {
    const first = this.#items[this.#first];
    if (first === undefined) return undefined;
    this.#first += 1;
    this.bytes -= first.bytes;
    // A queue that is never empty must not keep what was taken.
    if (2 * this.#first > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return first.item;
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
    this.bytes = 0;
  }
}
