import type { Bus, BusAnswers, BusListener, BusPort, NodeId } from "../../../cluster/bus.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import type { Metrics } from "../../../ops/metrics.ts";
import { channelOf } from "../channel.ts";
import type { Connections } from "../connections.ts";
import { repeatWhileBroken, translateErrors } from "../postgres-errors.ts";
import { type BusItem, encodeItem } from "./bus-codec.ts";
import { BusConnections } from "./bus-connections.ts";
import { Incoming } from "./incoming.ts";
import { holdLock, withoutSession } from "./node-lock.ts";
import { beatInTable, type NodeFacts, removeNode, removeOld, runningBesides } from "./node-row.ts";
import { Outgoing } from "./outgoing.ts";
import { PeerTable, silenceTicks } from "./peer-table.ts";
import { Questions } from "./questions.ts";

export interface PostgresBusOptions {
  /** Long messages are read by its pool; all else goes by two connections of the bus. */
  readonly database: Pick<Connections, "pool" | "openSeparate">;
  readonly clock: Pick<Clock, "after" | "afterTurn" | "elapsedMs">;
  readonly metrics: Pick<
    Metrics,
    "busPeers" | "busSentMessages" | "busReceivedMessages" | "busDroppedMessages" | "busGaps" | "busSpilledMessages"
  >;
  /** The version of this release. */
  readonly release: string;
}

/** The bus of a node, until it is closed. */
export interface OpenBus extends Bus {
  /**
   * Resolves when every node that runs takes this one for a peer, and what it has sent as soon as it did has been received:
   * at once for a node that is alone. Resolves after 3 s at the latest, because a node that is out of reach looks as if it
   * ran. Call it once, when all subjects are open. Never rejects.
   */
  met(): Promise<void>;
  /** Tells the others that the node has ended. The pool stays open. */
  close(): Promise<void>;
}

/** Raised when releases with the former number would misunderstand messages, and not only ignore them. */
const protocol = 1;

const tickMs = 1_000;
const beatTicks = 3;
/** A node that does not hear its own beats for so long hears nothing. */
const deafTicks = 8;
const removalTicks = 60;
const defaultWithinMs = 1_000;
const spillDeadlineMs = 5_000;
const meetingMs = 3_000;
const closingMs = 1_000;

/**
 * Opens the bus of a node, on the notifications of a Postgres database whose tables exist. Resolves before other nodes are
 * found, which takes some milliseconds.
 *
 * Rejects with `StoreError` if the database cannot be reached. Later the bus finds its way back to it by itself.
 */
export async function openPostgresBus(options: PostgresBusOptions): Promise<OpenBus> {
  const channel = await translateErrors(() => repeatWhileBroken(() => channelOf("bus", options.database.pool)));
  return new PostgresBus(channel, options);
}

class PostgresBus implements OpenBus {
  readonly node: NodeId = crypto.getRandomValues(new Uint8Array(8)).toHex();
  readonly #options: PostgresBusOptions;
  readonly #facts: NodeFacts;
  readonly #listeners = new Map<string, BusListener>();
  readonly #questions: Questions;
  readonly #peerTable: PeerTable;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #connections: BusConnections;
  /** Nodes of which messages were lost before they were peers: it may be that they take this node for one. */
  readonly #missing = new Set<NodeId>();
  /** Resolved when the connections of the bus are open for the first time. */
  readonly #listening = Promise.withResolvers<void>();
  /** Repeats the question of `met`, while it waits for answers. */
  #askAgain: (() => void) | undefined;
  #asksForBeats = true;
  #ticks = 0;
  /** The ticks since the last envelope of this node came back. */
  #deafTicks = 0;
  #isClosed = false;
  #cancelTick: () => void;

  constructor(channel: string, options: PostgresBusOptions) {
    const { clock, database, metrics, release } = options;
    this.#options = options;
    this.#facts = { node: this.node, release, protocol };
    this.#questions = new Questions(clock);
    this.#peerTable = new PeerTable({
      node: this.node,
      joined: (node) => this.#joined(node),
      lost: (node) => this.#lost(node),
      forgotten: (node) => {
        this.#questions.lost(node);
        this.#incoming.forget(node);
        this.#missing.delete(node);
      },
      beatDue: () => this.#outgoing.beatDue(),
    });
    this.#incoming = new Incoming({
      node: this.node,
      heard: (from) => this.#heard(from),
      received: (from, item) => this.#received(from, item),
      missed: (from) => this.#missed(from),
      readSpilled: (from, place) => this.#readSpilled(from, place),
    });
    this.#outgoing = new Outgoing({
      node: this.node,
      channel,
      clock,
      connection: () => this.#connections.sql,
      beat: () => this.#beat(),
      sent: (messages, spilled) => {
        metrics.busSentMessages.inc(messages);
        metrics.busSpilledMessages.inc(spilled);
      },
      dropped: (messages) => metrics.busDroppedMessages.inc(messages),
    });
    this.#connections = new BusConnections({
      database,
      channel,
      clock,
      heard: (payload) => {
        if (!this.#isClosed) this.#incoming.receive(payload);
      },
      opened: () => this.#opened(),
    });
    metrics.busPeers.readFrom(() => this.peers.size);
    this.#cancelTick = clock.after(tickMs, () => this.#tick());
  }

  get peers(): ReadonlySet<NodeId> {
    return this.#peerTable.peers;
  }

  open(subject: string, listener: BusListener): BusPort {
    if (this.#listeners.has(subject)) throw new Error(`The subject ${subject} is open already.`);
    this.#listeners.set(subject, listener);
    const existing = [...this.peers];
    queueMicrotask(() => {
      for (const peer of existing) listener.joined?.(peer);
    });
    return {
      publish: (room, body) => {
        if (this.peers.size > 0) this.#send({ kind: "message", to: undefined, subject, room, body });
      },
      send: (to, room, body) => {
        if (this.peers.has(to)) this.#send({ kind: "message", to, subject, room, body });
      },
      ask: (room, body, { withinMs = defaultWithinMs } = {}): Promise<BusAnswers> =>
        this.#questions.ask(this.peers, withinMs, (id) => this.#send({ kind: "question", id, subject, room, body })),
    };
  }

  async met(): Promise<void> {
    await this.#within(meetingMs, this.#meet());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTick();
    this.#questions.close();
    this.#send({ kind: "ended" });
    const ended = async () => {
      await this.#outgoing.drained();
      const { sql } = this.#connections;
      if (sql !== undefined) await removeNode(this.node, sql);
    };
    await this.#within(closingMs, ended());
    this.#connections.close();
  }

  /**
   * A node answers a question only when the asker is its peer, so the question is repeated for each one that joins. The
   * answer comes behind what the node has sent before.
   */
  async #meet(): Promise<void> {
    const { pool } = this.#options.database;
    await this.#listening.promise;
    const others = await repeatWhileBroken(async () => {
      // In this order: of two nodes that start at the same moment, at least one finds the other.
      await beatInTable(this.#facts, pool);
      return runningBesides(this.node, silenceTicks * tickMs, pool);
    });
    await this.#questions.ask(others, meetingMs, (id) => {
      this.#askAgain = () => this.#send({ kind: "question", id, subject: "", room: "", body: new Uint8Array() });
      this.#askAgain();
    });
    this.#askAgain = undefined;
  }

  #send(item: Exclude<BusItem, { readonly kind: "beat" | "spilled" }>): void {
    this.#outgoing.add(encodeItem(item), "to" in item ? item.to : undefined);
  }

  #beat() {
    const asksForBeats = this.#asksForBeats;
    this.#asksForBeats = false;
    return { kind: "beat", asksForBeats, views: this.#peerTable.views } as const;
  }

  /** Notifications may have been lost: the numbers of the others' beats tell. */
  #opened(): void {
    const { sql } = this.#connections;
    if (this.#isClosed || sql === undefined) return;
    this.#peerTable.opened();
    // Beats go by the same connection: a node that is heard has its lock.
    void holdLock(this.node, sql)
      .catch(() => {})
      .finally(() => this.#listening.resolve());
    this.#asksForBeats = true;
    this.#outgoing.beatDue();
    this.#writeTables();
  }

  #tick(): void {
    this.#cancelTick = this.#options.clock.after(tickMs, () => this.#tick());
    this.#ticks += 1;
    this.#deafTicks += 1;
    this.#peerTable.tick();
    void this.#loseKilled();
    if (this.#deafTicks >= deafTicks) this.#reconnect();
    if (this.#ticks % beatTicks !== 0) return;
    this.#outgoing.beatDue();
    this.#writeTables();
  }

  /** Loses the nodes of which a beat is late because they were killed. */
  async #loseKilled(): Promise<void> {
    const { sql } = this.#connections;
    const { inDoubt } = this.#peerTable;
    if (sql === undefined || inDoubt.length === 0) return;
    const killed = await withoutSession(inDoubt, sql).catch(() => new Set<NodeId>());
    for (const node of this.#peerTable.inDoubt) if (killed.has(node)) this.#peerTable.ended(node);
  }

  #reconnect(): void {
    this.#deafTicks = 0;
    this.#peerTable.loseAll();
    this.#outgoing.clear();
    this.#connections.renew();
  }

  /** The next beat tries again if this fails. */
  #writeTables(): void {
    const { sql } = this.#connections;
    if (sql === undefined) return;
    beatInTable(this.#facts, sql).catch(() => {});
    if (this.#ticks % removalTicks === 0) removeOld(sql).catch(() => {});
  }

  #heard(from: NodeId): void {
    if (from === this.node) this.#deafTicks = 0;
    else this.#peerTable.heard(from);
  }

  #joined(node: NodeId): void {
    this.#tell((listener) => listener.joined?.(node));
    if (this.#missing.has(node)) this.#missed(node);
    this.#askAgain?.();
  }

  #lost(node: NodeId): void {
    this.#questions.lost(node);
    this.#tell((listener) => listener.lost?.(node));
  }

  #missed(from: NodeId): void {
    if (!this.peers.has(from)) {
      this.#missing.add(from);
      return;
    }
    this.#missing.delete(from);
    this.#options.metrics.busGaps.inc();
    this.#tell((listener) => listener.missed?.(from));
  }

  #received(from: NodeId, item: BusItem): void {
    if (item.kind === "beat") this.#peerTable.beat(from, item);
    else if (item.kind === "ended") this.#peerTable.ended(from);
    else if (this.peers.has(from)) this.#deliver(from, item);
  }

  #deliver(from: NodeId, item: Exclude<BusItem, { readonly kind: "beat" | "ended" }>): void {
    if (item.kind === "spilled" || ("to" in item && item.to !== undefined && item.to !== this.node)) return;
    this.#options.metrics.busReceivedMessages.inc();
    if (item.kind === "message") this.#listeners.get(item.subject)?.received(from, item.room, item.body);
    else if (item.kind === "answer") this.#questions.answered(from, item.id, item.body);
    else void this.#answer(from, item);
  }

  async #answer(
    from: NodeId,
    { body: question, id, room, subject }: Extract<BusItem, { readonly kind: "question" }>,
  ): Promise<void> {
    let body: Uint8Array | undefined;
    try {
      body = await this.#listeners.get(subject)?.asked?.(from, room, question);
    } catch {
      // As if there were nothing to say.
    }
    if (this.peers.has(from)) this.#send({ kind: "answer", to: from, id, body });
  }

  async #readSpilled(node: NodeId, place: number): Promise<Uint8Array | undefined> {
    const { pool } = this.#options.database;
    const read = repeatWhileBroken(
      () => pool<{ readonly data: Uint8Array }[]>`
        SELECT data FROM yurt_spill WHERE node = ${node} AND place = ${place}::bigint`,
    );
    const rows = await this.#within(spillDeadlineMs, read);
    return rows?.[0]?.data;
  }

  /** Resolves with undefined for a task that fails or takes longer. */
  async #within<Result>(limitMs: number, task: Promise<Result>): Promise<Result | undefined> {
    const deadline = Promise.withResolvers<undefined>();
    const cancel = this.#options.clock.after(limitMs, () => deadline.resolve(undefined));
    const result = await Promise.race([task.catch(() => undefined), deadline.promise]);
    cancel();
    return result;
  }

  #tell(event: (listener: BusListener) => void): void {
    for (const listener of this.#listeners.values()) event(listener);
  }
}
