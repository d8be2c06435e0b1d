import { addressBlock } from "../../lib/address/address-block.ts";
import { AddressCounts } from "../../lib/address/address-counts.ts";
import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { TurnCounts } from "../../ops/metrics/turn-metrics.ts";
import { anonymousUser, isAnonymousUser, type TurnIdentity } from "../credentials/credentials.ts";
import type { TurnLimits } from "../limits.ts";
import type { ReceiveFromPeer } from "../relay-network.ts";
import type { ServerSocket } from "../server-socket.ts";
import { Allocation, type AllocationOptions } from "./allocation.ts";
import { Bandwidth } from "./bandwidth.ts";
import type { Client } from "./client.ts";
import { FiveTuples } from "./five-tuples.ts";
import type { TurnUser } from "./turn-user.ts";

export interface AllocationsOptions {
  readonly limits: TurnLimits;
  readonly addresses: CountedAddresses;
  readonly counts: TurnCounts;
  readonly clock: Clock;
}

/** The option of the bound that refuses another allocation. */
export type AllocationBound =
  | "limits.turn-allocations"
  | "limits.turn-allocations-per-user"
  | "limits.turn-allocations-per-address";

/** An allocation whose socket is being opened. It is counted already. */
export interface PendingAllocation {
  readonly client: Client;
  readonly identity: TurnIdentity;
  readonly user: TurnUser;
  readonly transactionId: string;
  /** True when the allocation is no longer needed: its client has disconnected, or the server closes. */
  isCancelled: boolean;
}

/** The interval in which expired allocations are removed. Requests and packets check the expiry themselves. */
const sweepMs = 1_000;

/**
 * The allocations of the server, each from the request for it to its end: by 5-tuple, by user, and by relayed transport
 * address.
 */
export class Allocations {
  readonly bandwidth: Bandwidth;
  readonly #options: AllocationsOptions;
  readonly #pending = new FiveTuples<PendingAllocation>();
  readonly #active = new FiveTuples<Allocation>();
  readonly #all = new Set<Allocation | PendingAllocation>();
  readonly #users = new Map<string, TurnUser>();
  readonly #byAddress: AddressCounts;
  /** The receiver of each relayed transport address, by address and port. */
  readonly #receivers = new Map<string, Map<number, ReceiveFromPeer>>();
  #cancelSweep: (() => void) | undefined;

  constructor(options: AllocationsOptions) {
    const { limits, addresses, clock } = options;
    this.#options = options;
    this.bandwidth = new Bandwidth(limits, clock);
    this.#byAddress = new AddressCounts({
      addresses,
      get limit() {
        return limits.turnAllocationsPerAddress;
      },
    });
  }

  /** Allocations, those that are being opened included. */
  get size(): number {
    return this.#all.size;
  }

  /** The number of users with allocations. */
  get users(): number {
    let count = 0;
    for (const { allocations } of this.#users.values()) if (allocations > 0) count += 1;
    return count;
  }

  pending(socket: ServerSocket, address: string, port: number): PendingAllocation | undefined {
    return this.#pending.find(socket, address, port);
  }

  /** The allocation of a 5-tuple. One that has expired ends here. */
  find(socket: ServerSocket, address: string, port: number, now: number): Allocation | undefined {
    const allocation = this.#active.find(socket, address, port);
    if (allocation === undefined || allocation.expiresAt > now) return allocation;
    this.end(allocation);
    return undefined;
  }

  /** The receivers at one relayed address, by port: always the same map, which changes with the allocations. */
  receiversAt(address: string): Map<number, ReceiveFromPeer> {
    const known = this.#receivers.get(address);
    if (known !== undefined) return known;
    const receivers = new Map<number, ReceiveFromPeer>();
    this.#receivers.set(address, receivers);
    return receivers;
  }

  /** Counts an allocation, or returns the bound that refuses it. */
  reserve(client: Client, identity: TurnIdentity, transactionId: string): PendingAllocation | AllocationBound {
    const { limits } = this.#options;
    const userId = countedUser(identity, client);
    const user = this.#users.get(userId);
    if (this.#all.size >= limits.turnAllocations) return "limits.turn-allocations";
    if ((user?.allocations ?? 0) >= limits.turnAllocationsPerUser) return "limits.turn-allocations-per-user";
    if (!this.#byAddress.take(client.address)) return "limits.turn-allocations-per-address";
    const pending = {
      client,
      identity,
      user: user ?? this.#openUser(userId),
      transactionId,
      isCancelled: false,
    };
    pending.user.allocations += 1;
    this.#pending.add(pending);
    this.#all.add(pending);
    return pending;
  }

  /** Stops counting an allocation that could not be opened or was cancelled. */
  abandon(pending: PendingAllocation): void {
    this.#cancel(pending);
    this.#all.delete(pending);
    this.#countOut(pending);
  }

  /** Turns a pending allocation that is not cancelled into an active one. */
  activate(pending: PendingAllocation, opened: OpenedAllocation, receive: ReceiveFromPeer): Allocation {
    const { client, user, identity, transactionId } = pending;
    const bytes = this.bandwidth.openAllocation();
    const allocation = new Allocation({ ...opened, client, user, username: identity.username, transactionId, bytes });
    this.#pending.delete(pending);
    this.#all.delete(pending);
    this.#active.add(allocation);
    this.#all.add(allocation);
    this.receiversAt(allocation.relay.address).set(allocation.relay.port, receive);
    const { counts } = this.#options;
    counts.allocations[client.socket.transport] += 1;
    counts.openedAllocations[client.socket.transport] += 1;
    client.socket.admitted();
    this.#sweepLater();
    return allocation;
  }

  /** Closes the relayed transport address. Idempotent. */
  end(allocation: Allocation): void {
    if (!this.#all.delete(allocation)) return;
    const { client, relay } = allocation;
    this.#active.delete(allocation);
    this.#receivers.get(relay.address)?.delete(relay.port);
    relay.close();
    this.#countOut(allocation);
    this.#options.counts.allocations[client.socket.transport] -= 1;
    client.socket.released();
  }

  /** Ends the allocations of a client whose connection has ended. */
  endSocket(socket: ServerSocket): void {
    for (const allocation of this.#active.of(socket)) this.end(allocation);
    for (const pending of this.#pending.of(socket)) this.#cancel(pending);
  }

  endUser(id: string): void {
    this.#endWhere(({ user }) => user.id === id);
  }

  endAll(): void {
    this.#endWhere(() => true);
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  #endWhere(isMeant: (each: Allocation | PendingAllocation) => boolean): void {
    for (const each of this.#all) {
      if (!isMeant(each)) continue;
      if (each instanceof Allocation) this.end(each);
      else this.#cancel(each);
    }
  }

  /** The allocation is counted until its socket has opened. */
  #cancel(pending: PendingAllocation): void {
    pending.isCancelled = true;
    this.#pending.delete(pending);
  }

  #openUser(id: string): TurnUser {
    const user = { id, allocations: 0, bytes: this.bandwidth.openUser() };
    this.#users.set(id, user);
    this.#sweepLater();
    return user;
  }

  #countOut({ client, user }: Allocation | PendingAllocation): void {
    this.#byAddress.remove(client.address);
    user.allocations -= 1;
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#options.clock.after(sweepMs, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
      if (this.#users.size > 0) this.#sweepLater();
    });
  }

  #sweep(): void {
    const now = this.#options.clock.elapsedMs();
    for (const each of this.#all) if (each instanceof Allocation && each.expiresAt <= now) this.end(each);
    // A user without allocations is kept until the bucket is full, because a new bucket is full at once.
    for (const [id, user] of this.#users) if (user.allocations === 0 && user.bytes.isFull) this.#users.delete(id);
  }
}

/** The id of the user for whom an allocation counts. */
function countedUser({ user }: TurnIdentity, { address }: Client): string {
  return isAnonymousUser(user) ? anonymousUser(addressBlock(address)) : user;
}

/** The facts that an allocation gets when its socket is open. */
type OpenedAllocation = Pick<AllocationOptions, "family" | "relay" | "answer" | "expiresAt">;
