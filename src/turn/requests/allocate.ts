import { parseIpAddress } from "../../lib/address/ip-address.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { LimitedLog } from "../../ops/limited-log.ts";
import type { Bounds } from "../../ops/metrics/bounds.ts";
import type { Allocation } from "../allocation/allocation.ts";
import type { AllocationBound, Allocations, PendingAllocation } from "../allocation/allocations.ts";
import { attributes } from "../message/attributes.ts";
import type { StunMessage } from "../message/stun-message.ts";
import { familyCodes } from "../message/transport-address.ts";
import type { AddressFamily, PortParity, ReceiveFromPeer, RelayNetwork, RelaySocket } from "../relay-network.ts";
import type { Relaying } from "../relaying/relaying.ts";
import { requestedFamily } from "./address-family.ts";
import { lifetimeFor } from "./lifetime.ts";
import type { Responder } from "./responder.ts";
import {
  type Answer,
  type Failure,
  failed,
  type RequestHead,
  type SignedRequest,
  type Success,
} from "./turn-request.ts";

const portsRemedy = "Every port of turn.relay-ports is in use. Give more, and open them in the firewall.";

export interface AllocateOptions {
  readonly allocations: Allocations;
  readonly network: RelayNetwork;
  readonly responder: Responder;
  readonly bounds: Pick<Bounds, "met">;
  readonly clock: Pick<Clock, "elapsedMs">;
  readonly log: LimitedLog;
  readonly relaying: Relaying;
}

const udpProtocol = 17;
/** RFC 8656 §18.6. */
const reserveBit = 0x80;
/** The value of ADDRESS-ERROR-CODE (RFC 8656 §18.12): the family IPv6, and the error 440. */
const noIpv6 = Uint8Array.of(familyCodes[6], 0, 4, 40);

const errorOf: Readonly<Record<AllocationBound, 486 | 508>> = {
  "limits.turn-allocations": 508,
  "limits.turn-allocations-per-user": 486,
  "limits.turn-allocations-per-address": 486,
};

/** The content of an Allocate request. */
interface Wanted {
  readonly family: AddressFamily;
  readonly parity: PortParity;
  readonly seconds: number;
  /** The client asks for an IPv6 address beside the IPv4 one, which this server does not give. */
  readonly isDual: boolean;
}

/** Makes allocations (RFC 8656 §7.2). Opening a socket takes time: until then the allocation is pending. */
export class AllocateRequests {
  /** True when no further allocation is made, as the server is about to stop. */
  isDraining = false;
  readonly #options: AllocateOptions;

  constructor(options: AllocateOptions) {
    this.#options = options;
  }

  /** The answer, or undefined if it follows later, or has been sent. */
  allocate(request: SignedRequest): Answer | undefined {
    const { message, client, identity, allocation, pending } = request;
    const transactionId = message.transactionId.toHex();
    // Step 2: the 5-tuple has an allocation, unless this is a repetition of the request for it (RFC 8489 §6.3.1).
    if (allocation !== undefined) {
      if (allocation.transactionId !== transactionId) return failed(437);
      client.socket.send(allocation.answer, client.address, client.port);
      return undefined;
    }
    if (pending !== undefined) return pending.transactionId === transactionId ? undefined : failed(437);
    const wanted = read(message, this.#options.network.families);
    if ("code" in wanted) return wanted;
    if (this.isDraining) return failed(508);
    // Step 10: quotas. They come last, so that they count what would have been made.
    const reserved = this.#options.allocations.reserve(client, identity, transactionId);
    if (typeof reserved === "string") {
      this.#options.bounds.met(reserved);
      return failed(errorOf[reserved]);
    }
    const { method, hasFingerprint } = message;
    const head = { method, hasFingerprint, transactionId: message.transactionId.slice() };
    void this.#open(reserved, head, wanted);
    return undefined;
  }

  /** Never rejects. */
  async #open(pending: PendingAllocation, head: RequestHead, wanted: Wanted): Promise<void> {
    const { allocations, network, relaying, log } = this.#options;
    let allocation: Allocation | undefined;
    const receive: ReceiveFromPeer = (payload, address, port) => {
      if (allocation !== undefined) relaying.toClient(allocation, payload, address, port);
    };
    let relay: RelaySocket | undefined;
    try {
      relay = await network.open(wanted.family, receive, wanted.parity);
      if (relay === undefined && !pending.isCancelled)
        log.warn({ event: "turn-relay-ports-used", remedy: portsRemedy });
    } catch (err) {
      log.error({ event: "turn-allocation-failed", err });
    }
    if (relay !== undefined && !pending.isCancelled) {
      allocation = this.#activate(pending, head, { relay, wanted, receive });
      return;
    }
    relay?.close();
    if (!pending.isCancelled) this.#answer(pending, head, failed(508));
    allocations.abandon(pending);
  }

  #activate(pending: PendingAllocation, head: RequestHead, { relay, wanted, receive }: Opened): Allocation {
    const { allocations, clock } = this.#options;
    const answer = this.#answer(pending, head, success(pending, relay, wanted)).slice();
    const expiresAt = clock.elapsedMs() + wanted.seconds * 1_000;
    return allocations.activate(pending, { family: wanted.family, relay, answer, expiresAt }, receive);
  }

  #answer({ client, identity }: PendingAllocation, head: RequestHead, answer: Answer): Uint8Array {
    return this.#options.responder.answerSigned(head, client, answer, identity.key);
  }
}

interface Opened {
  readonly relay: RelaySocket;
  readonly wanted: Wanted;
  readonly receive: ReceiveFromPeer;
}

/** Reads a request that no allocation answers, in the order of RFC 8656 §7.2. */
function read(message: StunMessage, families: ReadonlySet<AddressFamily>): Wanted | Failure {
  // Step 3: the transport to peers.
  const transport = message.uint8Of(attributes.requestedTransport);
  if (transport === undefined) return failed(400);
  if (transport !== udpProtocol) return failed(442);
  // Steps 4 and 5, DONT-FRAGMENT and RESERVATION-TOKEN, are answered as unknown attributes.
  // Step 6: the family of the relayed address.
  const family = requestedFamily(message) ?? 4;
  if (family === "unknown" || !families.has(family)) return failed(440);
  // Step 8: an additional IPv6 address.
  const isDual = message.has(attributes.additionalAddressFamily);
  const hasFamily = message.has(attributes.requestedAddressFamily);
  if (isDual && (hasFamily || message.uint8Of(attributes.additionalAddressFamily) !== familyCodes[6]))
    return failed(400);
  // Step 7: an even port. With its first bit set, the client wants the next port as well, for another allocation.
  const evenPort = message.bytesOf(attributes.evenPort)?.[0];
  if (evenPort === undefined && message.has(attributes.evenPort)) return failed(400);
  if (evenPort !== undefined && evenPort >= reserveBit) return failed(508);
  const lifetime = message.uint32Of(attributes.lifetime);
  if (lifetime === undefined && message.has(attributes.lifetime)) return failed(400);
  return { family, isDual, parity: evenPort === undefined ? "any" : "even", seconds: lifetimeFor(lifetime) };
}

function success({ client }: PendingAllocation, relay: RelaySocket, { isDual, seconds }: Wanted): Success {
  return {
    write: (writer) => {
      const relayed = parseIpAddress(relay.address);
      const mapped = parseIpAddress(client.address);
      if (relayed !== undefined) writer.address(attributes.xorRelayedAddress, relayed, relay.port);
      writer.uint32(attributes.lifetime, seconds);
      if (mapped !== undefined) writer.address(attributes.xorMappedAddress, mapped, client.port);
      if (isDual) writer.bytes(attributes.addressErrorCode, noIpv6);
    },
  };
}
