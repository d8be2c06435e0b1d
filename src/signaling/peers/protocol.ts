import { isFinal } from "../../transport/close-reason.ts";
import type { Protocol } from "../../transport/protocol.ts";
import { disconnected } from "./codec.ts";
import { type PeersOptions, PeersSession } from "./session.ts";

/**
 * Signaling for the devices of "Peers": who is online, and messages from one to the other.
 *
 * In packets of Socket.IO's protocol 5, as text and in its main namespace, over the sockets of an Engine.IO server.
 */
export function peers(options: PeersOptions): Protocol {
  return {
    name: "peers",
    frameBytes: options.limits.signalingFrameBytes,
    inboxOverflow: "mute",
    // Socket.IO's client comes back, by its own backoff, unless it is told to stay away.
    closeMessage: (reason) => (isFinal(reason) ? disconnected : undefined),
    match: ({ pathname }) => pathname === "/socket.io/" || pathname === "/socket.io",
    open: (connection, handshake) => new PeersSession(connection, handshake, options),
  };
}
