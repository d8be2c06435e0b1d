import { isIP } from "node:net";
import { isLoopback } from "../../lib/address/loopback.ts";
import { isPublicAddress } from "../../lib/address/public-address.ts";
import { mappedAddress } from "../../turn/network/mapped-address.ts";
import { outgoingAddress } from "../../turn/network/outgoing-address.ts";
import type { RelayAddress } from "../../turn/network/udp-relay-network.ts";
import type { TurnSettings } from "../server-options.ts";

export interface RelayAddressOptions {
  readonly settings: Pick<TurnSettings, "externalAddresses" | "stunServer">;
  /** The addresses that TURN listens on. */
  readonly listening: readonly string[];
}

export interface FoundRelayAddresses {
  /** At most one for each family, IPv4 first. */
  readonly addresses: readonly RelayAddress[];
  /** The STUN server of the settings did not answer. */
  readonly isStunServerSilent: boolean;
}

/** Finds the local addresses of relayed transport addresses, and the external addresses at which peers reach them. */
export async function findRelayAddresses(options: RelayAddressOptions): Promise<FoundRelayAddresses> {
  const found = await Promise.all(([4, 6] as const).map((family) => relayAddress(family, options)));
  return {
    addresses: found.flatMap((each) => each?.address ?? []),
    isStunServerSilent: found.some((each) => each?.isStunServerSilent) && !found.some((each) => each?.isMapped),
  };
}

interface FoundAddress {
  readonly address: RelayAddress;
  readonly isMapped: boolean;
  readonly isStunServerSilent: boolean;
}

async function relayAddress(family: 4 | 6, options: RelayAddressOptions): Promise<FoundAddress | undefined> {
  const { listening, settings } = options;
  const { externalAddresses, stunServer } = settings;
  const bound = await boundAddress(family, listening);
  if (bound === undefined) return undefined;
  const known = { isMapped: false, isStunServerSilent: false };
  if (externalAddresses !== "auto") {
    const given = externalAddresses.find((address) => isIP(address) === family);
    return { ...known, address: { family, bound, advertised: given ?? bound } };
  }
  if (stunServer === undefined || isLoopback(bound)) return { ...known, address: { family, bound, advertised: bound } };
  const mapped = await mappedAddress(stunServer, family);
  const address = { family, bound, advertised: mapped ?? bound };
  return { address, isMapped: mapped !== undefined, isStunServerSilent: mapped === undefined };
}

/** The address from which this machine reaches the internet, if TURN listens on it; else another reachable one. */
async function boundAddress(family: 4 | 6, listening: readonly string[]): Promise<string | undefined> {
  const candidates = listening.filter((address) => isIP(address) === family);
  const reachable = candidates.filter((address) => !isLoopback(address));
  const [only] = reachable;
  if (only === undefined) {
    // A server that other machines reach over IPv4 needs no relayed transport addresses on the IPv6 loopback.
    return listening.every(isLoopback) ? candidates[0] : undefined;
  }
  if (reachable.length === 1) return only;
  const outgoing = await outgoingAddress(family);
  if (outgoing !== undefined && reachable.includes(outgoing)) return outgoing;
  return reachable.find(isPublicAddress) ?? only;
}
