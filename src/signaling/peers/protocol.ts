import { isFinal } from "../../transport/close-reason.ts";
import type { Protocol } from "../../transport/protocol.ts";
import { disconnected } from "./codec.ts";
import { type PeersOptions, PeersSession } from "./session.ts";

const path = "/socket.io/";

/**
 * Signaling for the devices of "Peers": which devices are online, and messages from one device to another.
 *
 * The messages are text packets of Socket.IO's protocol 5 in its main namespace, over the sockets of an Engine.IO server.
 */
export function peers(options: PeersOptions): Protocol {
  return {
    name: "peers",
    endpoint: { label: "Peers", scheme: "http", path },
    frameBytes: options.limits.signalingFrameBytes,
    frameBytesOption: "limits.signaling-frame-bytes",
    inboxOverflow: "refuse",
    // Socket.IO's client reconnects with a backoff, except after a disconnect packet.
    closeMessage: (reason) => (isFinal(reason) ? disconnected : undefined),
    match: ({ pathname }) => pathname === path || `${pathname}/` === path,
    open: (connection, handshake) => new PeersSession(connection, handshake, options),
  };
}
