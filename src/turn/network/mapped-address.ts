import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { untilAborted } from "../../lib/abortable-wait.ts";
import { formatIpAddress } from "../../lib/address/ip-address.ts";
import { connectTurn } from "../client/sockets/connect-turn.ts";

/** A STUN server, by a host name or address. */
export interface StunServer {
  readonly host: string;
  readonly port: number;
}

/** For the name and for the answer. A request is sent three times within it. */
const timeoutMs = 3_000;

/** Resolves with the address of a host name in one family. */
export type LookUp = (host: string, options: { readonly family: 4 | 6 }) => Promise<{ readonly address: string }>;

/**
 * The address at which the internet sees this machine, as a STUN server tells. Undefined if its name is not found or it
 * does not answer, each within three seconds, or if the server or this machine has no address of the family.
 */
export async function mappedAddress(
  { host, port }: StunServer,
  family: 4 | 6,
  lookUp: LookUp = lookup,
): Promise<string | undefined> {
  try {
    // The resolver of the system tries dead name servers for much longer.
    const { address } = await untilAborted(lookUp(host, { family }), AbortSignal.timeout(timeoutMs));
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
