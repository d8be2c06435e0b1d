import type { NodeId } from "../../cluster/bus.ts";
import { KeyedCounts } from "../../lib/collections/keyed-counts.ts";
import { isEarlier, isSameStamp, type Stamp } from "../cluster/stamp.ts";
import type { AnnouncedId, IdList } from "./directed-codec.ts";

/** An id that a client of another node holds. */
export interface RemoteId extends AnnouncedId {
  readonly node: NodeId;
}

/**
 * The ids of the clients of all other nodes, as these nodes have announced them.
 *
 * It holds as many as the nodes have clients, each of them within its own limits. Two nodes announce the same id for the
 * short time of a takeover, and after they were cut off from each other.
 */
export class IdDirectory {
  readonly #byId = new Map<string, readonly RemoteId[]>();
  readonly #byNode = new Map<NodeId, Map<string, RemoteId>>();
  /** The number of ids in each group. */
  readonly #groups = new KeyedCounts();
  /** The ids of a node whose list is arriving that were not in it so far. */
  readonly #unlisted = new Map<NodeId, Set<string>>();

  /** All ids. */
  ids(): IterableIterator<string> {
    return this.#byId.keys();
  }

  /** The clients that have this id: one, or two for a short time. */
  holders(id: string): readonly RemoteId[] {
    return this.#byId.get(id) ?? [];
  }

  /** The last client that got the id: the others are about to lose it, or their node is not there any more. */
  find(id: string): RemoteId | undefined {
    const [first, ...others] = this.holders(id);
    return others.reduce((last, other) => (last && isEarlier(last.stamp, other.stamp) ? other : last), first);
  }

  /** The number of clients of other nodes in a group. */
  sizeOf(group: string): number {
    return this.#groups.of(group);
  }

  open(node: NodeId, announced: AnnouncedId): void {
    const { id } = announced;
    this.#unlisted.get(node)?.delete(id);
    this.#remove(node, id);
    const opened = { ...announced, node };
    const ids = this.#byNode.get(node) ?? new Map<string, RemoteId>();
    this.#byNode.set(node, ids.set(id, opened));
    this.#byId.set(id, [...this.holders(id), opened]);
    for (const group of opened.groups) this.#groups.add(group, 1);
  }

  /** Returns the id that was closed; undefined if the node has not announced it with this stamp. */
  close(node: NodeId, id: string, stamp: Stamp): RemoteId | undefined {
    const known = this.#byNode.get(node)?.get(id);
    return known && isSameStamp(known.stamp, stamp) ? this.#remove(node, id) : undefined;
  }

  /**
   * Takes note of a part of a node's list, whose ids the caller opens then. With the last part, the ids that are in none
   * are removed and returned.
   */
  list(node: NodeId, { isFirst, isLast, ids }: IdList): readonly RemoteId[] {
    if (isFirst) this.#unlisted.set(node, new Set(this.#byNode.get(node)?.keys()));
    const unlisted = this.#unlisted.get(node);
    for (const { id } of ids) unlisted?.delete(id);
    if (!isLast || unlisted === undefined) return [];
    this.#unlisted.delete(node);
    return [...unlisted].flatMap((id) => this.#remove(node, id) ?? []);
  }

  /** Removes and returns all ids of a node. */
  lose(node: NodeId): readonly RemoteId[] {
    this.#unlisted.delete(node);
    const ids = [...(this.#byNode.get(node)?.keys() ?? [])];
    return ids.flatMap((id) => this.#remove(node, id) ?? []);
  }

  #remove(node: NodeId, id: string): RemoteId | undefined {
    const ids = this.#byNode.get(node);
    const removed = ids?.get(id);
    if (ids === undefined || removed === undefined) return undefined;
    ids.delete(id);
    if (ids.size === 0) this.#byNode.delete(node);
    const others = this.holders(id).filter((holder) => holder !== removed);
    if (others.length === 0) this.#byId.delete(id);
    else this.#byId.set(id, others);
    for (const group of removed.groups) this.#groups.add(group, -1);
    return removed;
  }
}
