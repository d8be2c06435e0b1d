import type { Clock } from "../lib/time/clock.ts";
import type { Log } from "../ops/log.ts";
import { RoomRegistry } from "../rooms/room-registry.ts";

export interface RoomRegistriesOptions {
  /** How long a room without members stays open. */
  readonly lingerMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** The registries of the signaling dialects, one for each: equal room names of two dialects never meet. */
export class RoomRegistries implements AsyncDisposable {
  readonly #options: RoomRegistriesOptions;
  readonly #opened: Pick<RoomRegistry<unknown>, "size" | "drain">[] = [];

  constructor(options: RoomRegistriesOptions) {
    this.#options = options;
  }

  open<Room>(open: (name: string) => Room | Promise<Room>, close: (room: Room) => void = () => {}): RoomRegistry<Room> {
    const { clock, lingerMs, log } = this.#options;
    const registry = new RoomRegistry<Room>({
      open,
      close,
      closeFailed: (_, error) => log.error({ event: "room-close-failed", err: error }),
      lingerMs,
      clock,
    });
    this.#opened.push(registry);
    return registry;
  }

  /** The number of open rooms. */
  get size(): number {
    return this.#opened.reduce((sum, { size }) => sum + size, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((registry) => registry.drain()));
  }
}
