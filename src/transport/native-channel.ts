import { SmallSet } from "../lib/collections/small-set.ts";
import type { ProtocolTraffic } from "../ops/metrics/traffic.ts";
import type { Channel, OpenChannel } from "./channel.ts";
import { type Connection, type Frame, frameBytes } from "./connection.ts";
import type { TransportLimits } from "./limits.ts";
import { type SocketServer, WebSocketConnection } from "./websocket-connection.ts";

/**
 * Channels over Bun's native publish, which batches the writes of one turn of the event loop per socket.
 *
 * Topics belong to one `Bun.serve`; a channel publishes on every running one.
 */
export class NativeChannels {
  readonly #servers = new Set<SocketServer>();
  readonly #limits: Pick<TransportLimits, "outboxBytes">;
  #topics = 0;

  constructor(limits: Pick<TransportLimits, "outboxBytes">) {
    this.#limits = limits;
  }

  add(server: SocketServer): void {
    this.#servers.add(server);
  }

  remove(server: SocketServer): void {
    this.#servers.delete(server);
  }

  readonly open: OpenChannel = (slow) => new NativeChannel(this, slow);

  /** A topic is a number and never a room's name: names are secrets, and each subscription would keep a copy. */
  newTopic(): string {
    this.#topics += 1;
    return String(this.#topics);
  }

  get servers(): ReadonlySet<SocketServer> {
    return this.#servers;
  }

  get slowBytes(): number {
    return this.#limits.outboxBytes / 4;
  }
}

/** The topic of a channel with one member would cost 0.5 kB: such a member is sent its frames directly. */
class NativeChannel implements Channel {
  readonly #channels: Pick<NativeChannels, "servers" | "slowBytes" | "newTopic">;
  readonly #slow: ((connection: Connection) => void) | undefined;
  readonly #members = new SmallSet<WebSocketConnection>();
  /** The members are subscribed to it. Undefined until there are two of them. */
  #topic: string | undefined;
  /** Published since the members' outboxes were last looked at. */
  #uncheckedBytes = 0;
  /** The traffic of the protocol of the members, which all have the same. */
  #traffic: ProtocolTraffic | undefined;

  constructor(
    channels: Pick<NativeChannels, "servers" | "slowBytes" | "newTopic">,
    slow: ((connection: Connection) => void) | undefined,
  ) {
    this.#channels = channels;
    this.#slow = slow;
  }

  join(connection: Connection): void {
    const member = native(connection);
    if (!member.isOpen) return;
    this.#members.add(member);
    this.#traffic ??= member.traffic;
    if (this.#topic !== undefined) member.socket.subscribe(this.#topic);
    else if (this.#members.size > 1) this.#openTopic();
  }

  leave(connection: Connection): void {
    const member = native(connection);
    if (!this.#members.delete(member) || this.#topic === undefined) return;
    if (member.isOpen) member.socket.unsubscribe(this.#topic);
  }

  publish(frame: Frame, except?: Connection): void {
    if (this.#topic === undefined) this.#sendToOne(frame, except);
    else this.#publishOn(this.#topic, frame, except === undefined ? undefined : native(except));
    const bytes = frameBytes(frame);
    // A sender is a member, unless it has just left or is behind: to ask would cost more than the count is worth.
    this.#traffic?.published(bytes, except === undefined ? this.#members.size : this.#members.size - 1);
    this.#uncheckedBytes += bytes;
    if (this.#uncheckedBytes >= this.#channels.slowBytes) this.#checkOutboxes();
  }

  #openTopic(): void {
    this.#topic = this.#channels.newTopic();
    for (const member of this.#members) if (member.isOpen) member.socket.subscribe(this.#topic);
  }

  #sendToOne(frame: Frame, except: Connection | undefined): void {
    for (const member of this.#members) if (member !== except && member.isOpen) member.socket.send(frame);
  }

  #publishOn(topic: string, frame: Frame, sender: WebSocketConnection | undefined): void {
    for (const server of this.#channels.servers) {
      // A socket's own publish leaves out only that socket, also after it has closed.
      if (sender?.server === server) sender.socket.publish(topic, frame);
      else server.publish(topic, frame);
    }
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
