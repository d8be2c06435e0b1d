import type { NodeId } from "../../../cluster/bus.ts";

/**
 * A client that a member of another node announces as its own. It has the place of that member in this node's table, under
 * the same rules, for as long as the other node says so.
 */
export class NodeClient {
  readonly node: NodeId;
  readonly clientId: number;
  /** As `MemberIds.ownId`: the client's id, until it loses a claim. */
  ownId: number | undefined;
  isClaim = false;
  announcedClock: number | undefined;

  constructor(node: NodeId, clientId: number) {
    this.node = node;
    this.clientId = clientId;
    this.ownId = clientId;
  }
}

/** The clients of the other nodes in one room. */
export class NodeClients {
  readonly #nodes = new Map<NodeId, Map<number, NodeClient>>();

  get size(): number {
    return this.#nodes.size;
  }

  hasAnyOf(node: NodeId): boolean {
    return this.#nodes.has(node);
  }

  get(node: NodeId, clientId: number): NodeClient | undefined {
    const client = this.#nodes.get(node)?.get(clientId);
    return client?.ownId === undefined ? undefined : client;
  }

  add(client: NodeClient): void {
    const clients = this.#nodes.get(client.node);
    if (clients === undefined) this.#nodes.set(client.node, new Map([[client.clientId, client]]));
    else clients.set(client.clientId, client);
  }

  delete({ node, clientId }: NodeClient): void {
    const clients = this.#nodes.get(node);
    if (clients?.delete(clientId) === true && clients.size === 0) this.#nodes.delete(node);
  }

  /** The clients of one node. */
  of(node: NodeId): readonly NodeClient[] {
    return [...(this.#nodes.get(node)?.values() ?? [])];
  }

  /** The clients with one id: at most one for each node. */
  *withId(clientId: number): Generator<NodeClient> {
    for (const node of this.#nodes.keys()) {
      const client = this.get(node, clientId);
      if (client !== undefined) yield client;
    }
  }

  clear(): void {
    this.#nodes.clear();
  }
}
