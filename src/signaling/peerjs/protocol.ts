import { type Context, Hono } from "hono";
import type { Administration } from "../../auth/administration.ts";
import { isSameSecret } from "../../lib/same-secret.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { Protocol } from "../../transport/protocol.ts";
import { encodeError, idTaken } from "./codec.ts";
import { openPeerJs, type PeerJsOptions } from "./session.ts";

export interface PeerJsProtocolOptions extends PeerJsOptions {
  /** Whether the ids of connected clients are listed for everyone; else for administrators only. */
  readonly discoveryEnabled: boolean;
  readonly administration: Administration;
}

/** The `path` with which clients are configured. */
const base = "/peerjs";
/** The path of PeerJS' own server, served on the compatibility ports. */
const compatibleBase = "";

const about = {
  name: "PeerJS Server",
  description: "A server side element to broker connections between PeerJS clients.",
  website: "https://peerjs.com/",
};

/**
 * The server of PeerJS 1: clients by id, and messages from one client to another.
 *
 * A client in a throttled background tab may send no heartbeat for a minute. It stays connected: the transport pings it,
 * and its browser answers.
 */
export function peerjs(options: PeerJsProtocolOptions): Protocol {
  const matchUnder =
    (prefix: string) =>
    ({ pathname }: URL) =>
      pathname === `${prefix}/peerjs`;
  return {
    name: "peerjs",
    endpoint: { label: "PeerJS", scheme: "http", path: base, webSocketPath: `${base}/peerjs` },
    frameBytes: options.limits.peerjsFrameBytes,
    frameBytesOption: "limits.peerjs-frame-bytes",
    // The library does not reconnect by itself. Applications make it reconnect, some of them without a delay.
    closeDelayMs: 1_000,
    inboxOverflow: "refuse",
    match: matchUnder(base),
    closeMessage: (reason, detail) => (reason === closeReasons.idTaken ? idTaken : encodeError(detail)),
    routes: routesUnder(base, options),
    compatibility: { match: matchUnder(compatibleBase), routes: routesUnder(compatibleBase, options) },
    open: (connection, handshake) => openPeerJs(connection, handshake, options),
  };
}

function routesUnder(prefix: string, options: PeerJsProtocolOptions): Hono {
  const { administration, discoveryEnabled, key, namespace } = options;
  // An application can pass a token to PeerJS only behind the key, which the library makes a part of the path.
  const hasKey = (context: Context) => isSameSecret(context.req.param("key")?.split("&", 1)[0] ?? "", key);
  const app = new Hono();
  const [id, peers] = [`${prefix}/:key/id`, `${prefix}/:key/peers`];
  const roots = prefix === "" ? ["/"] : [prefix, `${prefix}/`];
  for (const path of roots) app.get(path, (context) => context.json(about));
  app.get(id, (context) => {
    if (!hasKey(context)) return context.text("Invalid key provided", 401);
    // PeerJS adds a query that never repeats; other clients rely on this header.
    return context.text(crypto.randomUUID(), 200, { "cache-control": "no-store" });
  });
  app.get(peers, async (context) => {
    const mayList = discoveryEnabled || (await administration.refuse(context.req.raw)) === undefined;
    return mayList && hasKey(context) ? context.json(namespace.ids) : context.text("Unauthorized", 401);
  });
  return app;
}
