import { type EventStream, encodeEvent } from "../../api/events/event-stream.ts";
import type { EventStreams } from "../../api/events/event-streams.ts";
import type { EncodedEvent } from "../../api/events/waiting-events.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { MessageWatcher } from "../../signaling/signaling-rooms.ts";
import { MessageTally } from "./message-tally.ts";
import type { OpenRooms, RoomKind } from "./open-rooms.ts";
import { type ShownRoom, showRoom } from "./shown-room.ts";

export interface RoomWatchOptions {
  readonly rooms: OpenRooms;
  readonly streams: EventStreams;
  readonly clock: Clock;
}

export interface WatchedName {
  readonly kind: RoomKind;
  readonly name: string;
}

const lookMs = 1_000;
const messagesMs = 250;

/** One room while administrators watch it: all of them share one look at it each second, and one count of its messages. */
export class RoomWatch {
  readonly #options: RoomWatchOptions;
  readonly #watched: WatchedName;
  readonly #readers = new Set<EventStream>();
  readonly #tally = new MessageTally((member) => this.#options.rooms.idOf(member));
  /** The room as its readers have seen it last, as JSON. */
  #shown = "";
  #cancelLook: (() => void) | undefined;
  #cancelMessages: (() => void) | undefined;

  constructor(watched: WatchedName, options: RoomWatchOptions) {
    this.#watched = watched;
    this.#options = options;
  }

  get hasReaders(): boolean {
    return this.#readers.size > 0;
  }

  /** Adds a reader, and sends it the room. The first one begins the watch. */
  add(stream: EventStream, room: ShownRoom): void {
    this.#readers.add(stream);
    if (this.#readers.size === 1) {
      this.#shown = JSON.stringify(room);
      this.#count();
      this.#cancelLook = this.#lookLater();
    }
    this.#options.streams.send(stream, encodeEvent({ event: "room", data: room }));
  }

  /** The last one ends the watch. */
  remove(stream: EventStream): void {
    if (!this.#readers.delete(stream) || this.#readers.size > 0) return;
    this.#cancelLook?.();
    this.#cancelMessages?.();
    const { kind, name } = this.#watched;
    if (kind === "signaling") this.#options.rooms.watchMessages(name, undefined);
  }

  #lookLater(): () => void {
    return this.#options.clock.after(lookMs, () => {
      this.#cancelLook = this.#lookLater();
      this.#look();
    });
  }

  #look(): void {
    const room = showRoom(this.#options.rooms, this.#watched);
    if (room === undefined) {
      this.#tellMessages();
      for (const stream of [...this.#readers]) stream.end({ event: "closed", data: {} });
      return;
    }
    // The room may have closed and opened since the last look, or have opened in another protocol.
    this.#count();
    const shown = JSON.stringify(room);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#send(encodeEvent({ event: "room", data: room }));
  }

  #count(): void {
    const { kind, name } = this.#watched;
    if (kind === "sync") return;
    this.#options.rooms.watchMessages(name, this.#counted);
  }

  readonly #counted: MessageWatcher = (sender, receiver) => {
    this.#tally.add(sender, receiver);
    this.#cancelMessages ??= this.#options.clock.after(messagesMs, () => this.#tellMessages());
  };

  /** Sends what was counted since the last time, if anything was. */
  #tellMessages(): void {
    if (this.#cancelMessages === undefined) return;
    this.#cancelMessages();
    this.#cancelMessages = undefined;
    this.#send(encodeEvent({ event: "messages", data: this.#tally.take() }));
  }

  #send(event: EncodedEvent): void {
    for (const stream of [...this.#readers]) this.#options.streams.send(stream, event);
  }
}
