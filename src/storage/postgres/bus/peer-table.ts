import type { NodeId } from "../../../cluster/bus.ts";
import type { Beat } from "./bus-codec.ts";

export interface PeerTableOptions {
  readonly node: NodeId;
  joined(node: NodeId): void;
  lost(node: NodeId): void;
  /** A node is not heard any more, whether it was a peer or not. */
  forgotten(node: NodeId): void;
  /** A beat is to be sent now. Called before the nodes are told that it makes peers. */
  beatDue(): void;
}

interface HeardNode {
  /** The ticks since it was heard last. */
  silentTicks: number;
  /** The number of this node's view of it. */
  readonly view: number;
  /** The number of its view of this node; undefined if it does not hear this node, as far as is known. */
  theirView: number | undefined;
  isPeer: boolean;
}

/** A node that is silent for so many ticks, of a second, is lost: three beats are missing. Slow machines tick late. */
export const silenceTicks = 10;
/** A node that is silent for so many ticks is in doubt: a beat is late. */
const doubtTicks = 4;

/**
 * Which nodes are heard, and hear this one. Those that both do are its peers.
 *
 * Each time that a node hears another one anew, its view of it has another number, which its beats say. So when one of two
 * nodes has lost the other, and hears it again, the other one learns of it, and both take each other for new.
 *
 * Silence is counted in ticks: one in which this node did not run counts once, however long it was.
 */
export class PeerTable {
  readonly peers = new Set<NodeId>();
  readonly #options: PeerTableOptions;
  readonly #heard = new Map<NodeId, HeardNode>();
  #lastView = 0;
  /** The ticks since the connections of this node are open. */
  #openTicks = 0;

  constructor(options: PeerTableOptions) {
    this.#options = options;
  }

  /** Something has come from a node. */
  heard(node: NodeId): void {
    const known = this.#heard.get(node);
    if (known !== undefined) {
      known.silentTicks = 0;
      return;
    }
    this.#lastView += 1;
    this.#heard.set(node, { silentTicks: 0, view: this.#lastView, theirView: undefined, isPeer: false });
    this.#options.beatDue();
  }

  /** A beat has come from a node that is heard. */
  beat(node: NodeId, { asksForBeats, views }: Beat): void {
    const known = this.#heard.get(node);
    if (known === undefined) return;
    const theirView = views.get(this.#options.node);
    if (asksForBeats) this.#options.beatDue();
    if (theirView === known.theirView) {
      // It does not hear this node: this node's last beat may be lost.
      if (theirView === undefined) this.#options.beatDue();
      return;
    }
    this.#options.beatDue();
    this.#part(node, known);
    known.theirView = theirView;
    if (theirView === undefined) return;
    known.isPeer = true;
    this.peers.add(node);
    this.#options.joined(node);
  }

  /** A node has ended. */
  ended(node: NodeId): void {
    this.#lose(node);
  }

  /** The connections of this node are open, for the first time or again. The others may need as much time for theirs. */
  opened(): void {
    this.#openTicks = 0;
  }

  /** Called once a second. */
  tick(): void {
    this.#openTicks += 1;
    for (const [node, known] of this.#heard) {
      known.silentTicks += 1;
      if (known.silentTicks >= silenceTicks) this.#lose(node);
    }
  }

  /** The nodes that may have ended. */
  get inDoubt(): readonly NodeId[] {
    if (this.#openTicks < doubtTicks) return [];
    return Array.from(this.#heard).flatMap(([node, { silentTicks }]) => (silentTicks >= doubtTicks ? [node] : []));
  }

  /** This node hears nothing any more. */
  loseAll(): void {
    for (const node of this.#heard.keys()) this.#lose(node);
  }

  /** For the next beat. */
  get views(): ReadonlyMap<NodeId, number> {
    return new Map(Array.from(this.#heard, ([node, { view }]) => [node, view]));
  }

  #lose(node: NodeId): void {
    const known = this.#heard.get(node);
    if (known === undefined) return;
    this.#heard.delete(node);
    this.#options.forgotten(node);
    this.#options.beatDue();
    this.#part(node, known);
  }

  #part(node: NodeId, known: HeardNode): void {
    if (!known.isPeer) return;
    known.isPeer = false;
    this.peers.delete(node);
    this.#options.lost(node);
  }
}
