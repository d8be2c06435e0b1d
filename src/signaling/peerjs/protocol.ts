import { type Context, Hono } from "hono";
import type { Administration } from "../../auth/administration.ts";
import { isSameSecret } from "../../lib/same-secret.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { Protocol } from "../../transport/protocol.ts";
import { encodeError, idTaken } from "./codec.ts";
import { openPeerJs, type PeerJsOptions } from "./session.ts";

export interface PeerJsProtocolOptions extends PeerJsOptions {
  /** Whether anyone may ask who is connected, and not administrators alone. */
  readonly discoveryEnabled: boolean;
  readonly administration: Administration;
}

/** What clients are told in `path`. */
const base = "/peerjs";
/** Where PeerJS' own server is. */
const compatibleBase = "";

const about = {
  name: "PeerJS Server",
  description: "A server side element to broker connections between PeerJS clients.",
  website: "https://peerjs.com/",
};

/**
 * The server of PeerJS 1: who is connected under which id, and messages from one to the other.
 *
 * A client whose tab is in the background, and throttled, may be quiet for a minute: the transport waits two, and a pong
 * counts.
 */
export function peerjs(options: PeerJsProtocolOptions): Protocol {
  const matchUnder =
    (prefix: string) =>
    ({ pathname }: URL) =>
      pathname === `${prefix}/peerjs`;
  return {
    name: "peerjs",
    frameBytes: options.limits.signalingFrameBytes,
    // The library does not come back by itself; apps make it, and some as soon as they are closed.
    closeDelayMs: 1_000,
    inboxOverflow: "mute",
    match: matchUnder(base),
    closeMessage: (reason, detail) => (reason === closeReasons.idTaken ? idTaken : encodeError(detail)),
    routes: routesUnder(base, options),
    compatibility: { match: matchUnder(compatibleBase), routes: routesUnder(compatibleBase, options) },
    open: (connection, handshake) => openPeerJs(connection, handshake, options),
  };
}

function routesUnder(prefix: string, options: PeerJsProtocolOptions): Hono {
  const { administration, discoveryEnabled, key, namespace } = options;
  // PeerJS has no place for a token but behind the key, of which it makes a part of a path.
  const hasKey = (context: Context) => isSameSecret(context.req.param("key")?.split("&", 1)[0] ?? "", key);
  const app = new Hono();
  const [id, peers] = [`${prefix}/:key/id`, `${prefix}/:key/peers`];
  const roots = prefix === "" ? ["/"] : [prefix, `${prefix}/`];
  for (const path of roots) app.get(path, (context) => context.json(about));
  app.get(id, (context) => {
    if (!hasKey(context)) return context.text("Invalid key provided", 401);
    // PeerJS asks with a query that never repeats; other clients rely on this.
    return context.text(crypto.randomUUID(), 200, { "cache-control": "no-store" });
  });
  app.get(peers, async (context) => {
    const mayKnow = discoveryEnabled || (await administration.refuse(context.req.raw)) === undefined;
    return mayKnow && hasKey(context) ? context.json(namespace.ids) : context.text("Unauthorized", 401);
  });
  return app;
}
