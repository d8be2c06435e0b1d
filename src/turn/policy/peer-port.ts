import type { PeerVerdict } from "./peer-policy.ts";

/** Ports below it belong to services, such as DNS, and never to WebRTC peers. */
const firstPeerPort = 1_024;

/** Whether datagrams may be exchanged with a port of an address, by the verdict about the address. */
export function isPeerPort(verdict: PeerVerdict, port: number): boolean {
  return port >= firstPeerPort || (verdict === "listed" && port > 0);
}

/** Whether an allocation may have a permission for an address with this verdict. */
export function isPeer(verdict: PeerVerdict): boolean {
  return verdict !== "private" && verdict !== "refused";
}
