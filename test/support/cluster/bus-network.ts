import type { Bus, BusAnswer, BusAnswers, BusListener, BusPort, NodeId } from "../../../src/cluster/bus.ts";
import { type Clock, systemClock } from "../../../src/lib/time/clock.ts";

type Task = () => void;

interface OpenQuestion {
  readonly answers: BusAnswer[];
  /** The peers that have not answered. */
  readonly awaited: Set<NodeId>;
  end(isComplete: boolean): void;
}

/**
 * The buses of nodes in this process. A message arrives after the microtasks that were there when it was sent, all of them
 * in the order in which they were sent; so do the reports about peers. `settled` waits for them.
 */
export class BusNetwork {
  readonly #clock: Pick<Clock, "after">;
  readonly #nodes = new Map<NodeId, FakeBus>();
  readonly #cut = new Set<NodeId>();
  /** The tasks of held nodes. */
  readonly #held = new Map<NodeId, Task[]>();
  /** The number of messages that will be lost, by sender and receiver. */
  readonly #losses = new Map<string, number>();
  readonly #tasks: Task[] = [];
  #isRunning = false;

  /** The clock ends questions without answers. */
  constructor(clock: Pick<Clock, "after"> = systemClock) {
    this.#clock = clock;
  }

  /** Adds a node, which becomes a peer of all others. */
  join(node: NodeId = `node-${this.#nodes.size + 1}`): Bus {
    const bus = new FakeBus(node, { clock: this.#clock, network: this });
    this.#nodes.set(node, bus);
    this.#connect(bus);
    return bus;
  }

  /** Loses all that the node sends and is sent. It and the others lose each other. */
  cut(node: NodeId): void {
    this.#cut.add(node);
    const bus = this.#nodeOf(node);
    for (const other of this.#nodes.values()) {
      if (other === bus) continue;
      this.#schedule(other, () => other.lose(node));
      this.#schedule(bus, () => bus.lose(other.node));
    }
  }

  /** Takes `cut` back. */
  heal(node: NodeId): void {
    this.#cut.delete(node);
    this.#connect(this.#nodeOf(node));
  }

  /** Ends a node without notice: nothing reaches it any more, and the others lose it. */
  kill(node: NodeId): void {
    this.silence(node);
    this.cut(node);
  }

  /** Ends a node without notice. The others take it for a peer until `cut`. */
  silence(node: NodeId): void {
    this.#cut.add(node);
    this.#nodeOf(node).isEnded = true;
  }

  /** Loses the next messages from one node to another one, which is told of it when they would have arrived. */
  loseNext(from: NodeId, to: NodeId, count = 1): void {
    this.#losses.set(`${from} ${to}`, count);
  }

  /** Delays all that the node is sent until `release`. */
  hold(node: NodeId): void {
    this.#held.set(node, []);
  }

  release(node: NodeId): void {
    const held = this.#held.get(node) ?? [];
    this.#held.delete(node);
    this.#tasks.push(...held);
    this.#run();
  }

  /** Resolves when nothing is under way any more, except to nodes that are held. */
  async settled(): Promise<void> {
    do {
      await new Promise((resolve) => systemClock.afterTurn(() => resolve(undefined)));
    } while (this.#tasks.length > 0);
  }

  /** Calls `deliver` with the receiver when the message arrives. Called by the nodes. */
  carry(from: NodeId, to: NodeId, deliver: (receiver: FakeBus) => void): void {
    const receiver = this.#nodes.get(to);
    if (receiver === undefined || this.#cut.has(from) || this.#cut.has(to)) return;
    const pair = `${from} ${to}`;
    const losses = this.#losses.get(pair) ?? 0;
    this.#losses.set(pair, Math.max(0, losses - 1));
    this.#schedule(receiver, () => {
      if (!receiver.peers.has(from)) return;
      if (losses === 0) deliver(receiver);
      else receiver.miss(from);
    });
  }

  /** Runs a task of a node in the order of all tasks. */
  schedule(bus: FakeBus, task: Task): void {
    this.#schedule(bus, task);
  }

  #connect(bus: FakeBus): void {
    for (const other of this.#nodes.values()) {
      if (other === bus || other.isEnded || this.#cut.has(other.node)) continue;
      this.#schedule(other, () => other.meet(bus.node));
      this.#schedule(bus, () => bus.meet(other.node));
    }
  }

  #nodeOf(node: NodeId): FakeBus {
    const found = this.#nodes.get(node);
    if (found === undefined) throw new Error(`no node ${node}`);
    return found;
  }

  #schedule(bus: FakeBus, task: Task): void {
    const guarded = () => {
      if (!bus.isEnded) task();
    };
    const held = this.#held.get(bus.node);
    if (held !== undefined) held.push(guarded);
    else this.#tasks.push(guarded);
    this.#run();
  }

  #run(): void {
    if (this.#isRunning || this.#tasks.length === 0) return;
    this.#isRunning = true;
    queueMicrotask(() => {
      this.#isRunning = false;
      this.#tasks.shift()?.();
      this.#run();
    });
  }
}

interface FakeBusOptions {
  readonly clock: Pick<Clock, "after">;
  readonly network: BusNetwork;
}

const defaultWithinMs = 1_000;

class FakeBus implements Bus {
  readonly node: NodeId;
  readonly peers = new Set<NodeId>();
  isEnded = false;
  readonly #clock: FakeBusOptions["clock"];
  readonly #network: BusNetwork;
  readonly #listeners = new Map<string, BusListener>();
  readonly #questions = new Map<number, OpenQuestion>();
  #lastQuestion = 0;

  constructor(node: NodeId, { clock, network }: FakeBusOptions) {
    this.node = node;
    this.#clock = clock;
    this.#network = network;
  }

  open(subject: string, listener: BusListener): BusPort {
    if (this.#listeners.has(subject)) throw new Error(`The subject ${subject} is open already.`);
    this.#listeners.set(subject, listener);
    for (const peer of this.peers) this.#network.schedule(this, () => this.peers.has(peer) && listener.joined?.(peer));
    return {
      publish: (room, message) => {
        for (const peer of this.peers) this.#send(peer, subject, room, message);
      },
      send: (peer, room, message) => {
        if (this.peers.has(peer)) this.#send(peer, subject, room, message);
      },
      ask: (room, question, { withinMs = defaultWithinMs } = {}) => this.#ask({ subject, room, question, withinMs }),
    };
  }

  meet(peer: NodeId): void {
    if (this.peers.has(peer)) return;
    this.peers.add(peer);
    for (const listener of this.#listeners.values()) listener.joined?.(peer);
  }

  lose(peer: NodeId): void {
    if (!this.peers.delete(peer)) return;
    for (const listener of this.#listeners.values()) listener.lost?.(peer);
    for (const question of this.#questions.values()) this.#settle(question, peer);
  }

  miss(peer: NodeId): void {
    for (const listener of this.#listeners.values()) listener.missed?.(peer);
  }

  #send(peer: NodeId, subject: string, room: string, message: Uint8Array): void {
    const copy = message.slice();
    this.#network.carry(this.node, peer, (receiver) => {
      receiver.#listeners.get(subject)?.received(this.node, room, copy);
    });
  }

  #ask({ subject, room, question, withinMs }: Question): Promise<BusAnswers> {
    if (this.peers.size === 0) return Promise.resolve({ answers: [], isComplete: true });
    const { promise, resolve } = Promise.withResolvers<BusAnswers>();
    this.#lastQuestion += 1;
    const id = this.#lastQuestion;
    const answers: BusAnswer[] = [];
    const end = (isComplete: boolean) => {
      cancel();
      this.#questions.delete(id);
      resolve({ answers, isComplete });
    };
    const cancel = this.#clock.after(withinMs, () => end(false));
    this.#questions.set(id, { answers, awaited: new Set(this.peers), end });
    for (const peer of this.peers) {
      const copy = question.slice();
      this.#network.carry(this.node, peer, (receiver) => {
        void receiver.#answer(this.node, { subject, room, question: copy }, id);
      });
    }
    return promise;
  }

  async #answer(from: NodeId, { subject, room, question }: Omit<Question, "withinMs">, id: number): Promise<void> {
    let answer: Uint8Array | undefined;
    try {
      answer = (await this.#listeners.get(subject)?.asked?.(from, room, question))?.slice();
    } catch {
      // As if there were nothing to say.
    }
    this.#network.carry(this.node, from, (asker) => {
      const open = asker.#questions.get(id);
      if (open === undefined) return;
      if (answer !== undefined) open.answers.push({ node: this.node, answer });
      asker.#settle(open, this.node);
    });
  }

  #settle(question: OpenQuestion, node: NodeId): void {
    question.awaited.delete(node);
    if (question.awaited.size === 0) question.end(true);
  }
}

interface Question {
  readonly subject: string;
  readonly room: string;
  readonly question: Uint8Array;
  readonly withinMs: number;
}
