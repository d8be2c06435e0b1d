import * as v from "valibot";
import { isSameUser } from "../../auth/identifiers.ts";
import type { Bus, BusListener, BusPort, NodeId } from "../../cluster/bus.ts";
import { jsonBytes, readJsonBytes } from "../../lib/json-bytes.ts";
import { disconnectMembers } from "../../relay/disconnect.ts";
import type { SyncRoom } from "../../relay/sync-room.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";

export interface DisconnectionsOptions {
  readonly rooms: Pick<RoomRegistry<SyncRoom>, "find">;
  /** Undefined for a server that is alone. */
  readonly bus?: Bus | undefined;
}

export interface Disconnected {
  /** The number of clients. */
  readonly count: number;
  /** False if a node has not answered in time: clients of it may still be connected. */
  readonly isComplete: boolean;
}

/** A node asks for the clients of a user, or for all, and is told how many there were. */
const question = v.object({ user: v.optional(v.string()) });
const answer = v.object({ count: v.number() });

/** Disconnects clients of a document, on all nodes. */
export class Disconnections implements BusListener {
  readonly #rooms: DisconnectionsOptions["rooms"];
  readonly #port: BusPort | undefined;

  constructor({ bus, rooms }: DisconnectionsOptions) {
    this.#rooms = rooms;
    this.#port = bus?.open("disconnect", this);
  }

  /** As `disconnectMembers`, for all clients in the document, or those of one user; 0 if there are none. */
  async disconnect(document: string, user?: string): Promise<Disconnected> {
    const count = this.#disconnect(document, user);
    if (this.#port === undefined) return { count, isComplete: true };
    const { answers, isComplete } = await this.#port.ask(document, jsonBytes({ user }));
    const counts = answers.map((each) => readJsonBytes(each.answer, answer)?.count ?? 0);
    return { count: counts.reduce((sum, each) => sum + each, count), isComplete };
  }

  received(): void {
    // Nodes are only asked.
  }

  asked(_from: NodeId, document: string, asked: Uint8Array): Uint8Array | undefined {
    const order = readJsonBytes(asked, question);
    return order && jsonBytes({ count: this.#disconnect(document, order.user) });
  }

  #disconnect(document: string, user: string | undefined): number {
    const room = this.#rooms.find(document);
    if (room === undefined) return 0;
    return disconnectMembers(
      room,
      (member) => user === undefined || (member.user !== undefined && isSameUser(member.user, user)),
    );
  }
}
