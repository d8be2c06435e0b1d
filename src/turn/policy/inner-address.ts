import type { IpAddress } from "../../lib/address/ip-address.ts";

/**
 * The address that a packet to `address` reaches in the end: the IPv4 address in an IPv4-mapped (`::ffff:0:0/96`),
 * translated (`64:ff9b::/96`, RFC 6052) or 6to4 (`2002::/16`, RFC 3056) address, any other address itself.
 */
export function innerAddress(address: IpAddress): IpAddress {
  const { family, word0, word1, word2, word3 } = address;
  if (family === 4) return address;
  const isMapped = word0 === 0 && word1 === 0 && word2 === 0x0000ffff;
  const isTranslated = word0 === 0x0064ff9b && word1 === 0 && word2 === 0;
  if (isMapped || isTranslated) return ipv4(word3);
  if (word0 >>> 16 === 0x2002) return ipv4(((word0 << 16) | (word1 >>> 16)) >>> 0);
  return address;
}

function ipv4(word3: number): IpAddress {
  return { family: 4, word0: 0, word1: 0, word2: 0, word3 };
}
