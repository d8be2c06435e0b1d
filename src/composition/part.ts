import type { Hono } from "hono";
import type { Route } from "../api/route.ts";
import type { CloseReason } from "../transport/close-reason.ts";
import type { Engine } from "../transport/engine.ts";
import type { Endpoint, HttpEnvironment, Protocol } from "../transport/protocol.ts";
import type { ServerSettings } from "./server-options.ts";

/**
 * A part of a server: the relay, signaling, access control, the pages.
 *
 * To add a part, write a file in `composition/` that opens it, and one line in `server.ts`. Parts are opened in order,
 * drained in order, and disposed of in reverse order. A part that fails in opening has closed whatever it has opened.
 */
export interface Part extends AsyncDisposable {
  /** On the compatibility ports the first protocol that matches answers, in the order of the parts. */
  readonly protocols?: readonly Protocol[];
  readonly engines?: readonly Engine[];
  /** HTTP routes that belong to no wire protocol. The part itself sets which pages may read the answers. */
  readonly routes?: Hono<HttpEnvironment>;
  /** Routes of the API under `/v1`, which the server authorizes, bounds and describes in OpenAPI. */
  readonly api?: readonly Route[];
  /** As `RequestPathsOptions.segmentPrefixes`, for `routes`. */
  readonly segmentPrefixes?: readonly string[];
  /** The URLs in the banner, those of the protocols and engines included, in this order. */
  readonly endpoints?: readonly Endpoint[];
  /**
   * Why the part cannot do its work, as a sentence without a full stop; undefined if it can. `GET /readyz` answers 503
   * meanwhile.
   */
  whyNotReady?(): string | undefined;
  /**
   * Facts for `GET /readyz?verbose`, which anyone may read. They do not decide whether the server is ready.
   */
  readinessDetail?(): Readonly<Record<string, unknown>>;
  /**
   * Resolves when everything is stored and acknowledged that has arrived by now. It may take long while the store fails.
   */
  settle?(): Promise<void>;
  /**
   * Finishes what needs the clients' connections, for instance stores and acknowledges every update that has arrived.
   * Called once, after new connections are refused and before the open ones are closed with `reason`. Every part is
   * drained, even if an earlier one has failed to.
   */
  drain?(reason: CloseReason): Promise<void>;
  /**
   * Takes over the reloadable settings of `next` (`Option.isReloadable`) that are the part's own. The server itself
   * replaces bounds, origins and trusted proxies. A part that fails keeps its former settings.
   */
  reload?(next: ServerSettings): void | Promise<void>;
  /** Closes the part. All connections are closed and their sessions have ended, whether `drain` was called or not. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The endpoints of the protocols and engines that have one. */
export function endpointsOf(served: readonly (Protocol | Engine)[]): readonly Endpoint[] {
  return served.flatMap(({ endpoint }) => endpoint ?? []);
}
