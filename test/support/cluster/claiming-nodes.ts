import type { BusListener, BusPort, NodeId } from "../../../src/cluster/bus.ts";
import type { ClaimedIds, HeldId, RemoteHeldId, RoomId } from "../../../src/signaling/cluster/claimed-ids.ts";
import { IdClaims } from "../../../src/signaling/cluster/id-claims.ts";
import type { Stamp } from "../../../src/signaling/cluster/stamp.ts";
import { takeOverId } from "../../../src/signaling/id-takeover.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeConnection } from "../fakes/fake-connection.ts";
import { BusNetwork } from "./bus-network.ts";

interface Announcement {
  readonly id: string;
  /** All ids of the node follow. */
  readonly isFirst?: boolean;
  readonly opened?: Stamp;
  readonly closed?: Stamp;
  readonly proof?: string;
  readonly replaces?: readonly Stamp[];
}

interface TestHolder extends HeldId {
  readonly id: string;
  readonly connection: FakeConnection;
  readonly proof: string;
}

const room = "room";
const tellAgain = 17;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A node whose clients claim ids, and announce those that they have. */
export class ClaimingNode implements ClaimedIds {
  readonly node: NodeId;
  readonly held = new Map<string, TestHolder>();
  readonly #elsewhere = new Map<string, RemoteHeldId[]>();
  readonly #claims: IdClaims;
  readonly #clock: FakeClock;
  readonly #port: BusPort;

  constructor(network: BusNetwork, clock: FakeClock, node: NodeId) {
    const bus = network.join(node);
    this.node = node;
    this.#clock = clock;
    const listener: BusListener = {
      received: (from, to, message) => {
        if (message[0] === tellAgain) this.#tellAll(from);
        else if (!this.#claims.received(to, message)) this.#heard(from, textOf(message));
      },
      asked: (_, about, question) => this.#claims.asked(about, question),
      joined: (peer) => this.#tellAll(peer),
      missed: (peer) => {
        this.#port.send(peer, room, Uint8Array.of(tellAgain));
        // The same request of the peer may have been lost.
        this.#tellAll(peer);
      },
      lost: (peer) => this.#forgetAll(peer),
    };
    this.#port = bus.open("test", listener);
    this.#claims = new IdClaims({ node, port: this.#port, ids: this, clock, limits: { livenessProbeMs: 3_000 } });
  }

  /** Resolves with the connection of the client, which is closed if it did not get the id. */
  async claim(id: string, proof = ""): Promise<FakeConnection> {
    const connection = new FakeConnection(`${id} of ${this.node}`);
    connection.answersPings = true;
    const isGranted = await takeOverId({
      holder: () => this.held.get(id),
      isOwn: (holder) => proof !== "" && holder.proof === proof,
      clock: this.#clock,
      withinMs: 3_000,
      claim: this.#claims.open({ room, id }, bytesOf(proof)),
      granted: (holder, grant) => {
        if (grant === undefined || !connection.isOpen) return;
        const { stamp, replaces } = grant;
        const isOwn = (shown: Uint8Array) => proof !== "" && textOf(shown) === proof;
        holder?.connection.close(closeReasons.replaced);
        this.held.set(id, { id, stamp, connection, proof, isOwn });
        this.#tell({ id, opened: stamp, proof, replaces });
      },
    });
    if (!isGranted) connection.close(closeReasons.idTaken);
    return connection;
  }

  leave(id: string): void {
    const holder = this.held.get(id);
    if (holder === undefined) return;
    holder.connection.disconnect();
    this.held.delete(id);
    this.#tell({ id, closed: holder.stamp });
  }

  holderOf({ id }: RoomId): HeldId | undefined {
    return this.held.get(id);
  }

  holdersElsewhere({ id }: RoomId): readonly RemoteHeldId[] {
    return this.#elsewhere.get(id) ?? [];
  }

  replaced({ id }: RoomId): void {
    this.held.get(id)?.connection.close(closeReasons.replaced);
    this.leave(id);
  }

  refused({ id }: RoomId): void {
    this.held.get(id)?.connection.close(closeReasons.idTaken);
    this.leave(id);
  }

  #tellAll(peer: NodeId): void {
    this.#tell({ id: "", isFirst: true }, peer);
    for (const { id, stamp, proof } of this.held.values()) {
      this.#tell({ id, opened: stamp, proof }, peer);
      this.#claims.holdersChanged({ room, id });
    }
  }

  #tell(announcement: Announcement, peer?: NodeId): void {
    const message = Uint8Array.of(16, ...bytesOf(JSON.stringify(announcement)));
    if (peer === undefined) this.#port.publish(room, message);
    else this.#port.send(peer, room, message);
  }

  #heard(from: NodeId, text: string): void {
    const announcement: Announcement = JSON.parse(text.slice(1));
    if (announcement.isFirst) this.#forgetAll(from);
    else this.#change(from, announcement);
  }

  #change(from: NodeId, { id, opened, closed, proof = "", replaces }: Announcement): void {
    this.#forget(id, ({ node, stamp }) => node === from && (closed === undefined || stamp.at === closed.at));
    if (opened !== undefined) {
      this.#elsewhere.set(id, [
        ...this.holdersElsewhere({ room, id }),
        { node: from, stamp: opened, proof: bytesOf(proof) },
      ]);
    }
    this.#claims.holdersChanged({ room, id }, replaces);
  }

  #forgetAll(peer: NodeId): void {
    for (const id of this.#elsewhere.keys()) {
      this.#forget(id, ({ node }) => node === peer);
      this.#claims.holdersChanged({ room, id });
    }
  }

  #forget(id: string, is: (holder: RemoteHeldId) => boolean): void {
    this.#elsewhere.set(
      id,
      this.holdersElsewhere({ room, id }).filter((holder) => !is(holder)),
    );
  }
}

/** Nodes that claim ids over a network without a port. */
export function claimingNodes(...names: readonly string[]) {
  const clock = new FakeClock();
  const network = new BusNetwork(clock);
  const nodes = names.map((name) => new ClaimingNode(network, clock, name));
  /** The open connections with the id, on all nodes. */
  const holders = (id: string) =>
    nodes.flatMap(({ held }) => held.get(id)?.connection ?? []).filter(({ isOpen }) => isOpen);
  return { clock, network, nodes, holders };
}
