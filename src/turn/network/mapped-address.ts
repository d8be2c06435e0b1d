import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { formatIpAddress } from "../../lib/address/ip-address.ts";
import { connectTurn } from "../client/sockets/connect-turn.ts";

/** A STUN server, by a host name or address. */
export interface StunServer {
  readonly host: string;
  readonly port: number;
}

/** A request is sent three times within it. */
const timeoutMs = 3_000;

/**
 * The address at which the internet sees this machine, as a STUN server tells. Undefined if there is no answer within
 * three seconds, or if the server or this machine has no address of the family.
 */
export async function mappedAddress({ host, port }: StunServer, family: 4 | 6): Promise<string | undefined> {
  try {
    const { address } = await lookup(host, { family });
    // An address that is given stays as it is, of whatever family.
    if (isIP(address) !== family) return undefined;
    const client = await connectTurn({ transport: "udp", host: address, port, timeoutMs });
    try {
      return formatIpAddress((await client.binding()).ip);
    } finally {
      client.close();
    }
  } catch {
    return undefined;
  }
}
