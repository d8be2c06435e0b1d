import * as v from "valibot";
import type { Bus, BusListener, BusPort, NodeId } from "../../cluster/bus.ts";
import { jsonBytes, readJsonBytes } from "../../lib/json-bytes.ts";
import type { AwarenessBound } from "../../relay/awareness/drop-counts.ts";
import type { Showing, ShownState } from "./shown-state.ts";

/** The guests of one node. */
export interface GuestsOfNode {
  /** Shows a state by the guest of this node that the client has; undefined if it has none here. */
  showHere(order: ShownState): Showing | undefined;
  /** The latest clock of a client that this node knows. */
  clockOf(document: string, clientId: number): number | undefined;
}

/** Answers of the other nodes. */
export interface Elsewhere {
  /** Undefined if the client has a guest on no other node. */
  readonly showing: Showing | undefined;
  /** The highest clock of the client that a node knows; 0 if none does. */
  readonly clock: number;
}

const bounds: readonly AwarenessBound[] = [
  ...(["limits.awareness-state-length", "limits.awareness-length", "limits.awareness-clients"] as const),
  ...(["limits.awareness-clients-per-connection", "limits.awareness-frame-bytes", "awareness-clock"] as const),
];

const question = v.object({
  source: v.string(),
  stream: v.optional(v.string()),
  clientId: v.optional(v.number()),
  clock: v.optional(v.number()),
  state: v.optional(v.string()),
});
const answer = v.union([
  v.object({ clientId: v.number(), clock: v.number(), endsAt: v.optional(v.number()) }),
  v.object({ refusedAt: v.picklist(bounds) }),
  v.object({ knownClock: v.number() }),
]);

/**
 * Finds the guest that a client has on another node: requests of one client may reach different nodes, and its state is
 * shown by the node that has the client's event stream, or that has shown it before.
 */
export class GuestNodes implements BusListener {
  readonly #guests: GuestsOfNode;
  readonly #port: BusPort;

  constructor(bus: Bus, guests: GuestsOfNode) {
    this.#guests = guests;
    this.#port = bus.open("guests", this);
  }

  /** Has the other nodes show a state by the guest that the client has there. */
  async show({ document, source, stream, clientId, clock, state }: ShownState): Promise<Elsewhere> {
    const { answers } = await this.#port.ask(document, jsonBytes({ source, stream, clientId, clock, state }));
    const read = answers.flatMap((each) => readJsonBytes(each.answer, answer) ?? []);
    const clocks = read.map((each) => ("knownClock" in each ? each.knownClock : 0));
    const [showing] = read.flatMap((each): Showing[] => {
      if ("knownClock" in each) return [];
      return ["refusedAt" in each ? each : { endsAt: undefined, ...each }];
    });
    return { showing, clock: Math.max(0, ...clocks) };
  }

  received(): void {
    // Nodes are only asked.
  }

  asked(_from: NodeId, document: string, asked: Uint8Array): Uint8Array | undefined {
    const order = readJsonBytes(asked, question);
    if (order === undefined) return undefined;
    const { source, stream, clientId, clock, state } = order;
    const showing = this.#guests.showHere({ document, source, stream, clientId, clock, state, counted: undefined });
    if (showing !== undefined) return jsonBytes(showing);
    const knownClock = clientId === undefined ? undefined : this.#guests.clockOf(document, clientId);
    return knownClock === undefined ? undefined : jsonBytes({ knownClock });
  }
}
