import { BlockList, isIP } from "node:net";

/** A set of IP addresses: single ones, and ranges as CIDR writes them. An IPv4 address written as IPv6 is itself. */
export class AddressRanges {
  readonly #list = new BlockList();

  /** Of what `isAddressRange` accepts. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [address = "", prefix] = range.split("/");
      if (prefix === undefined) this.#list.addAddress(address, familyOf(address));
      else this.#list.addSubnet(address, Number(prefix), familyOf(address));
    }
  }

  /** False for what is no address. */
  has(address: string): boolean {
    return isIP(address) !== 0 && this.#list.check(address, familyOf(address));
  }
}

/** Whether this is an address, or an address and how many of its first bits count: `10.0.0.0/8`, `fd00::/8`. */
export function isAddressRange(text: string): boolean {
  const [, address = "", prefix = "0"] = /^([0-9a-f.:]+)(?:\/(0|[1-9]\d{0,2}))?$/i.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(prefix) <= (version === 4 ? 32 : 128);
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
