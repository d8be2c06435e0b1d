import type { LimitedLog } from "../../ops/limited-log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Engine } from "../engine.ts";
import type { Protocol } from "../protocol.ts";
import type { ForeignRequest } from "./origin-policy.ts";
import { shownText } from "./shown-text.ts";
import { type HandshakeFault, handshakeRemedy, isHandshake } from "./upgrade-request.ts";

export interface RefusalsOptions {
  readonly protocols: readonly Protocol[];
  readonly engines?: readonly Engine[];
  readonly limitedLog: LimitedLog;
  readonly metrics: Metrics;
}

/** Answers requests that the listener refuses for their form, with the reason and a remedy, and logs and counts them. */
export class Refusals {
  readonly #metrics: Metrics;
  readonly #log: LimitedLog;
  readonly #pathRemedy: string;

  constructor({ protocols, engines = [], limitedLog, metrics }: RefusalsOptions) {
    this.#metrics = metrics;
    this.#log = limitedLog;
    const endpoints = [...protocols, ...engines].flatMap(({ endpoint }) => endpoint ?? []);
    const paths = endpoints.map(({ label, path, webSocketPath = path }) => `${label} ${webSocketPath}`);
    this.#pathRemedy = `The paths are: ${paths.join(", ")}. A path in front of them is named with --base-path.`;
  }

  /** A request with a foreign `Host` or `Origin`. */
  foreign(request: Request, { kind, value, status, message, remedy }: ForeignRequest): Response {
    if (isHandshake(request)) this.#metrics.refusedUpgrades.inc({ reason: kind });
    if (kind === "host") this.#log.warn({ event: "host-refused", host: value, remedy });
    else {
      const host = shownText(request.headers.get("host") ?? "");
      this.#log.warn({ event: "origin-refused", origin: value, host, remedy });
    }
    return new Response(message, { status });
  }

  /** A handshake on a path on which no WebSocket is served. */
  unknownPath(pathname: string): Response {
    this.#metrics.refusedUpgrades.inc({ reason: "path" });
    const [path, remedy] = [shownPath(pathname), this.#pathRemedy];
    this.#log.warn({ event: "path-refused", path, remedy });
    return new Response(`No WebSocket is served on this path, "${path}". ${remedy}\n`, { status: 404 });
  }

  /** A WebSocket handshake that is not complete. */
  handshake(pathname: string, fault: HandshakeFault): Response {
    this.#metrics.refusedUpgrades.inc({ reason: "handshake" });
    const path = shownPath(pathname);
    this.#log.warn({ event: "handshake-refused", path, fault: fault.fault, remedy: handshakeRemedy });
    return new Response(fault.message, fault);
  }
}

/** The path without the token that PeerJS clients send behind the key. */
function shownPath(pathname: string): string {
  const [path = ""] = pathname.split("&", 1);
  return shownText(path);
}
