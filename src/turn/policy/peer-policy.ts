import { AddressRanges } from "../../lib/address/address-ranges.ts";
import { canonicalAddress } from "../../lib/address/canonical-address.ts";
import { formatIpAddress, type IpAddress } from "../../lib/address/ip-address.ts";
import { isLoopback } from "../../lib/address/loopback.ts";
import { isPrivateAddress } from "../../lib/address/private-address.ts";
import { isPublicAddress } from "../../lib/address/public-address.ts";
import { innerAddress } from "./inner-address.ts";

/** Addresses, and ranges in CIDR notation, by which peers are judged. */
export interface PeerRules {
  /** Peers that are permitted although a rule below, or a default, refuses them. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** The addresses, without ranges, that relayed transport addresses can have. */
  readonly relayed: readonly string[];
  /** The addresses, without ranges, of the network interfaces of this machine. */
  readonly interfaces: readonly string[];
}

/**
 * - `permitted`: datagrams may be exchanged with the address.
 * - `listed`: the same, because the operator allows the address; its ports below 1024 are open as well.
 * - `allocations`: an address of this server, of which only the ports of allocations may be reached.
 * - `private`: refused as an address of a private network, which the operator can allow.
 * - `refused`: refused for any other reason.
 */
export type PeerVerdict = "permitted" | "listed" | "allocations" | "private" | "refused";

interface ParsedRules {
  readonly allow: AddressRanges;
  /** The allowed addresses that are not part of a wider range. */
  readonly named: ReadonlySet<string>;
  readonly deny: AddressRanges;
  readonly relayed: ReadonlySet<string>;
  readonly interfaces: ReadonlySet<string>;
}

/**
 * Decides which peers clients may reach through the server: by default the hosts of the internet alone, since the
 * server may stand in a network whose services trust it.
 *
 * Addresses are compared as numbers, and an IPv4 address inside an IPv6 address counts as the IPv4 address, so that no
 * spelling evades a range. A range in the allow list opens none of the server's own addresses but loopback: an
 * operator who allows the clients' network does not mean the services of this machine.
 */
export class PeerPolicy {
  #rules: ParsedRules;
  #revision = 0;

  /** Every range of the rules must satisfy `isAddressRange`. */
  constructor(rules: PeerRules) {
    this.#rules = parsed(rules);
  }

  /** A number that changes with the rules: a verdict holds as long as it is the same. */
  get revision(): number {
    return this.#revision;
  }

  /** Sets other rules. They also hold for permissions that exist. */
  replace(rules: PeerRules): void {
    this.#rules = parsed(rules);
    this.#revision += 1;
  }

  judge(address: IpAddress): PeerVerdict {
    const { allow, named, deny, relayed, interfaces } = this.#rules;
    const text = formatIpAddress(innerAddress(address));
    const isOwn = relayed.has(text) || interfaces.has(text);
    if (allow.has(text) && (!isOwn || named.has(text) || isLoopback(text))) return "listed";
    // A range of IPv6, such as 64:ff9b::/96, refuses the addresses that contain one of IPv4 in the form in which they are.
    if (deny.has(text) || deny.has(formatIpAddress(address))) return "refused";
    if (isOwn) return relayed.has(text) ? "allocations" : "refused";
    if (isPublicAddress(text)) return "permitted";
    return isPrivateAddress(text) ? "private" : "refused";
  }

  /** Whether relayed transport addresses can have this address. */
  isRelayed(address: IpAddress): boolean {
    return this.#rules.relayed.has(formatIpAddress(innerAddress(address)));
  }
}

function parsed(rules: PeerRules): ParsedRules {
  const singles = rules.allow.filter((range) => /^[^/]+$|^[^:]+\/32$|:.*\/128$/.test(range));
  return {
    allow: new AddressRanges(rules.allow),
    named: canonicalSet(singles.map((range) => range.replace(/\/.*$/, ""))),
    deny: new AddressRanges(rules.deny),
    relayed: canonicalSet(rules.relayed),
    interfaces: canonicalSet(rules.interfaces),
  };
}

function canonicalSet(addresses: readonly string[]): ReadonlySet<string> {
  return new Set(addresses.flatMap((address) => canonicalAddress(address) ?? []));
}
