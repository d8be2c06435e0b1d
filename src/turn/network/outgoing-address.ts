import { canonicalAddress } from "../../lib/address/canonical-address.ts";

/** Addresses for documentation (RFC 5737, RFC 3849), which are routed as those of the internet. Nothing is sent there. */
const somewhere = { 4: "192.0.2.1", 6: "2001:db8::1" } as const;
const anyPort = 9;

/** The address of this machine from which it reaches the internet; undefined if it has no route there. */
export async function outgoingAddress(family: 4 | 6): Promise<string | undefined> {
  try {
    const socket = await Bun.udpSocket({
      connect: { hostname: somewhere[family], port: anyPort },
      socket: { error: () => {} },
    });
    const { address } = socket.address;
    socket.close();
    return canonicalAddress(address);
  } catch {
    return undefined;
  }
}
