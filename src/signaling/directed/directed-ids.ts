import type { Bus, BusPort, NodeId } from "../../cluster/bus.ts";
import { isSameBytes } from "../../lib/crypto/same-bytes.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Connection } from "../../transport/connection.ts";
import type { ClaimedIds, HeldId, RemoteHeldId, RoomId } from "../cluster/claimed-ids.ts";
import type { IdClaim, IdGrant } from "../cluster/id-claim.ts";
import { IdClaims } from "../cluster/id-claims.ts";
import type { Mailbox, QueuedMessage } from "../mailbox.ts";
import { type AnnouncedId, decodeMessage, encodeLists, encodeMessage, type NodeMessage } from "./directed-codec.ts";
import { IdDirectory, type RemoteId } from "./id-directory.ts";
import { MailRoutes } from "./mail-routes.ts";

/** The cluster that a server belongs to. */
export interface DirectedCluster {
  readonly bus: Bus;
  /** The name of that in which the ids are unique. Nodes with another one are strangers. */
  readonly room: string;
}

/** The clients of this node whose ids are unique in the cluster. */
export interface DirectedHost {
  /** Sends a message to a client of this node; false if none has the id. */
  deliver(message: QueuedMessage): boolean;
  /** Puts a message into the mailbox, or tells its sender that it was not delivered. */
  keep(message: QueuedMessage): void;
  /** A client of another node has taken over the id: removes that of this node, and closes its connection as replaced. */
  replaced(id: string): void;
  /** Two clients had the id, and the other one keeps it: removes that of this node, and tells it that the id is taken. */
  refused(id: string): void;
  /** The text for the node of a client that takes over the id. */
  detailsOf?(id: string): string;
  /** A client of another node has got the id. `former` has had it so far, on whichever node. */
  opened?(opened: AnnouncedId, former: AnnouncedId | undefined): void;
  /** No client has the id any more. */
  closed?(closed: AnnouncedId): void;
}

export interface DirectedIdsOptions extends DirectedCluster {
  readonly subject: string;
  readonly host: DirectedHost;
  readonly mailbox: Mailbox;
  readonly returned: Mailbox;
  readonly clock: Clock;
  readonly limits: { readonly livenessProbeMs: number };
}

/** A client of this node that has an id. */
interface OwnId extends AnnouncedId {
  readonly connection: Connection;
}

/**
 * Ids that are unique in the cluster, and messages from one to another, on whichever nodes they are.
 *
 * Every node announces its ids to all others: when one is opened or closed, and all of them to a node that has become a
 * peer, or has missed messages. A claim does not rely on that (`IdClaims`). Without peers everything is as on one node.
 */
export class DirectedIds implements ClaimedIds {
  readonly #options: DirectedIdsOptions;
  readonly #port: BusPort;
  readonly #own = new Map<string, OwnId>();
  readonly #directory = new IdDirectory();
  readonly #claims: IdClaims;
  readonly #routes: MailRoutes;

  constructor(options: DirectedIdsOptions) {
    this.#options = options;
    const { bus, clock, host, limits, mailbox, returned, room, subject } = options;
    const port = bus.open(subject, {
      received: (from, about, message) => {
        if (about === room && !this.#claims.received(about, message)) this.#received(from, message);
      },
      asked: (_, about, question) => (about === room ? this.#claims.asked(about, question) : undefined),
      joined: (node) => this.#list(node),
      lost: (node) => this.#lost(node),
      missed: (node) => this.#missed(node),
    });
    this.#port = port;
    this.#claims = new IdClaims({ node: bus.node, port, ids: this, clock, limits });
    const deliver = (message: QueuedMessage) => host.deliver(message);
    const keep = (message: QueuedMessage) => host.keep(message);
    const directory = this.#directory;
    this.#routes = new MailRoutes({ port, room, directory, mailbox, returned, clock, deliver, keep });
  }

  /** The client of another node that has the id. */
  find(id: string): AnnouncedId | undefined {
    return this.#directory.find(id);
  }

  /** The ids of the clients of other nodes. */
  ids(): IterableIterator<string> {
    return this.#directory.ids();
  }

  /** The number of clients of other nodes in a group. */
  sizeOf(group: string): number {
    return this.#directory.sizeOf(group);
  }

  claim(id: string, proof?: Uint8Array): IdClaim {
    return this.#claims.open({ room: this.#options.room, id }, proof);
  }

  /** A client of this node has got the id, possibly from another one of this node. */
  opened({ id, proof, groups, connection }: Omit<OwnId, "stamp">, { stamp, replaces }: IdGrant): void {
    this.#own.set(id, { id, proof, groups, connection, stamp });
    const opened = { id, proof, groups, stamp };
    this.#port.publish(this.#options.room, encodeMessage({ type: "opened", opened, replaces }));
    this.#routes.openedHere(id);
  }

  /** The client of this node with the id has left. */
  closed(id: string): void {
    const own = this.#own.get(id);
    if (own === undefined) return;
    this.#own.delete(id);
    this.#port.publish(this.#options.room, encodeMessage({ type: "closed", id, stamp: own.stamp }));
  }

  /** Sends a message to a client of another node; false if none has the id, or the message has to wait. */
  send(message: QueuedMessage): boolean {
    return this.#routes.send(message);
  }

  /** Whether all messages for the id have to wait in the mailbox, also if a client of this node has it. */
  holdsBack(id: string): boolean {
    return this.#routes.isRecalling(id);
  }

  close(): void {
    this.#routes.close();
  }

  holderOf({ id }: RoomId): HeldId | undefined {
    const own = this.#own.get(id);
    if (own === undefined) return undefined;
    const { connection, proof, stamp } = own;
    const isOwn = (shown: Uint8Array) => proof.byteLength > 0 && isSameBytes(proof, shown);
    return { connection, stamp, isOwn, details: this.#options.host.detailsOf?.(id) ?? "" };
  }

  holdersElsewhere({ id }: RoomId): readonly RemoteHeldId[] {
    return this.#directory.holders(id);
  }

  replaced({ id }: RoomId): void {
    this.closed(id);
    this.#options.host.replaced(id);
  }

  refused({ id }: RoomId): void {
    this.closed(id);
    this.#options.host.refused(id);
  }

  #received(from: NodeId, bytes: Uint8Array): void {
    const message = decodeMessage(bytes);
    switch (message?.type) {
      case "opened":
        this.#open(from, message);
        break;
      case "closed":
        this.#close(this.#directory.close(from, message.id, message.stamp));
        break;
      case "list":
        for (const closed of this.#directory.list(from, message)) this.#close(closed);
        for (const opened of message.ids) this.#open(from, { opened, replaces: [] });
        break;
      case "list-request":
        this.#list(from);
        break;
      case "mail":
        this.#mail(from, message.mail);
        break;
      case "returned":
        this.#routes.returned(from, message.mail);
        break;
      case "recall":
        this.#send(from, { ...message, type: "recalled" });
        break;
      case "recalled":
        this.#routes.recalled(from, message);
        break;
      case undefined:
        // Another release says something that this one does not know.
        break;
    }
  }

  #open(from: NodeId, { opened, replaces }: Omit<Extract<NodeMessage, { type: "opened" }>, "type">): void {
    const { id, stamp } = opened;
    this.#claims.observe(stamp);
    const former = this.#own.get(id) ?? this.#directory.find(id);
    this.#directory.open(from, opened);
    this.#options.host.opened?.(opened, former);
    this.#changed(id, replaces);
  }

  #close(closed: RemoteId | undefined): void {
    if (closed === undefined) return;
    const { id } = closed;
    if (!this.#own.has(id) && this.#directory.find(id) === undefined) this.#options.host.closed?.(closed);
    this.#changed(id, []);
  }

  #changed(id: string, replaces: IdGrant["replaces"]): void {
    this.#claims.holdersChanged({ room: this.#options.room, id }, replaces);
    this.#routes.changed(id);
  }

  #mail(from: NodeId, mail: QueuedMessage): void {
    if (!this.#options.host.deliver(mail)) this.#send(from, { type: "returned", mail });
  }

  /** Announces all ids to a node. */
  #list(node: NodeId): void {
    const { room } = this.#options;
    for (const message of encodeLists(this.#own.values())) this.#port.send(node, room, message);
    // A client of that node may have been told that it has to give way to one of these, and the message was lost.
    for (const { id } of this.#own.values()) {
      if (this.#directory.find(id) !== undefined) this.#claims.holdersChanged({ room, id });
    }
  }

  #missed(node: NodeId): void {
    this.#send(node, { type: "list-request" });
    // The same request of that node may be what was lost.
    this.#list(node);
  }

  #lost(node: NodeId): void {
    this.#routes.lost(node);
    for (const closed of this.#directory.lose(node)) this.#close(closed);
  }

  #send(node: NodeId, message: Exclude<NodeMessage, { type: "list" }>): void {
    this.#port.send(node, this.#options.room, encodeMessage(message));
  }
}
