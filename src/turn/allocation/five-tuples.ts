import type { ServerSocket } from "../server-socket.ts";
import type { Client } from "./client.ts";

/** Items by their 5-tuples. They are looked up for every packet: by numbers and objects, without a key to build. */
export class FiveTuples<Item extends { readonly client: Client }> {
  /** The clients of each socket by their ports; those that have the same port have different addresses. */
  readonly #sockets = new Map<ServerSocket, Map<number, Item[]>>();

  find(socket: ServerSocket, address: string, port: number): Item | undefined {
    const items = this.#sockets.get(socket)?.get(port);
    if (items === undefined) return undefined;
    for (const item of items) if (item.client.address === address) return item;
    return undefined;
  }

  /** The 5-tuple of the item must not have one yet. */
  add(item: Item): void {
    const { socket, port } = item.client;
    const ports = this.#sockets.get(socket);
    const items = ports?.get(port);
    if (items !== undefined) items.push(item);
    else if (ports !== undefined) ports.set(port, [item]);
    else this.#sockets.set(socket, new Map([[port, [item]]]));
  }

  /** Idempotent. */
  delete(item: Item): void {
    const { socket, port } = item.client;
    const ports = this.#sockets.get(socket);
    const items = ports?.get(port);
    const index = items?.indexOf(item) ?? -1;
    if (ports === undefined || items === undefined || index === -1) return;
    items.splice(index, 1);
    if (items.length === 0) ports.delete(port);
    if (ports.size === 0) this.#sockets.delete(socket);
  }

  /** The items of one socket. */
  of(socket: ServerSocket): readonly Item[] {
    return [...(this.#sockets.get(socket)?.values() ?? [])].flat();
  }
}
