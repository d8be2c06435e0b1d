import { SmallSet } from "../lib/collections/small-set.ts";
import type { Channel, OpenChannel } from "./channel.ts";
import type { Connection, Frame } from "./connection.ts";
import type { TransportLimits } from "./limits.ts";
import { frameBytes, type SocketServer, WebSocketConnection } from "./websocket-connection.ts";

/**
 * Channels over Bun's native publish, which batches the writes of one turn of the event loop per socket.
 *
 * Topics belong to one `Bun.serve`; a channel publishes on every running one.
 */
export class NativeChannels {
  readonly #servers = new Set<SocketServer>();
  readonly #limits: Pick<TransportLimits, "outboxBytes">;
  #opened = 0;

  constructor(limits: Pick<TransportLimits, "outboxBytes">) {
    this.#limits = limits;
  }

  add(server: SocketServer): void {
    this.#servers.add(server);
  }

  remove(server: SocketServer): void {
    this.#servers.delete(server);
  }

  readonly open: OpenChannel = (slow) => {
    this.#opened += 1;
    // A topic is a number and never a room's name: names are secrets, and each subscription would keep a copy.
    const topic = String(this.#opened);
    return new NativeChannel(topic, this, slow);
  };

  get servers(): ReadonlySet<SocketServer> {
    return this.#servers;
  }

  get slowBytes(): number {
    return this.#limits.outboxBytes / 4;
  }
}

class NativeChannel implements Channel {
  readonly #topic: string;
  readonly #channels: Pick<NativeChannels, "servers" | "slowBytes">;
  readonly #slow: ((connection: Connection) => void) | undefined;
  readonly #members = new SmallSet<WebSocketConnection>();
  /** Published since the members' outboxes were last looked at. */
  #uncheckedBytes = 0;

  constructor(
    topic: string,
    channels: Pick<NativeChannels, "servers" | "slowBytes">,
    slow: ((connection: Connection) => void) | undefined,
  ) {
    this.#topic = topic;
    this.#channels = channels;
    this.#slow = slow;
  }

  join(connection: Connection): void {
    const member = native(connection);
    if (!member.isOpen) return;
    this.#members.add(member);
    member.socket.subscribe(this.#topic);
  }

  leave(connection: Connection): void {
    const member = native(connection);
    if (this.#members.delete(member) && member.isOpen) member.socket.unsubscribe(this.#topic);
  }

  publish(frame: Frame, except?: Connection): void {
    const sender = except === undefined ? undefined : native(except);
    for (const server of this.#channels.servers) {
      // A socket's own publish leaves out only that socket, also after it has closed.
      if (sender?.server === server) sender.socket.publish(this.#topic, frame);
      else server.publish(this.#topic, frame);
    }
    this.#uncheckedBytes += frameBytes(frame);
    if (this.#uncheckedBytes >= this.#channels.slowBytes) this.#checkOutboxes();
  }

  /** Looks at every member once per `slowBytes` published, so an outbox overshoots its limit by no more than that. */
  #checkOutboxes(): void {
    const bytes = this.#uncheckedBytes;
    this.#uncheckedBytes = 0;
    const { slowBytes } = this.#channels;
    const slow = this.#slow;
    for (const member of this.#members) {
      if (slow !== undefined && member.unsentBytes > slowBytes) slow(member);
      member.published(bytes);
    }
  }
}

function native(connection: Connection): WebSocketConnection {
  if (connection instanceof WebSocketConnection) return connection;
  throw new TypeError("a native channel takes the connections of its own listener");
}
