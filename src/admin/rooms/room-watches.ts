import type { StreamReader } from "../../api/events/answer-with-events.ts";
import { RoomWatch, type RoomWatchOptions, type WatchedName } from "./room-watch.ts";
import { noSuchRoom, showRoom } from "./shown-room.ts";

/** The rooms that administrators watch. Nothing is looked at or counted in a room that nobody watches. */
export class RoomWatches {
  readonly #options: RoomWatchOptions;
  readonly #watches = new Map<string, RoomWatch>();

  constructor(options: RoomWatchOptions) {
    this.#options = options;
  }

  /** Opens a stream of the events of a room. Throws `Problem` no-such-room. */
  follow(watched: WatchedName, reader: StreamReader): Response {
    const { rooms, streams } = this.#options;
    const room = showRoom(rooms, watched);
    if (room === undefined) throw noSuchRoom();
    let leave = () => {};
    const stream = streams.open({ ...reader, ended: () => leave() });
    // The reader may have left before the stream was open.
    if (!stream.isOpen) return stream.response;
    const key = `${watched.kind} ${watched.name}`;
    const watch = this.#watches.get(key) ?? new RoomWatch(watched, this.#options);
    this.#watches.set(key, watch);
    leave = () => {
      watch.remove(stream);
      if (!watch.hasReaders) this.#watches.delete(key);
    };
    watch.add(stream, room);
    return stream.response;
  }
}
