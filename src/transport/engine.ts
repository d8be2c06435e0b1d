import type { Endpoint, Protocol } from "./protocol.ts";

/** The sender of a request to an engine. */
export interface EngineClient {
  readonly remoteAddress: string;
  /** Upgrades the request to a WebSocket for `protocol`, at once. False if the request does not ask for one. */
  upgrade(protocol: Protocol, headers: Headers): boolean;
}

/**
 * Serves clients that use several requests, or sockets that are not a session each.
 *
 * The engine receives all requests of its URLs, upgrades included. Every socket that it opens runs like any other: with
 * its limits, and closed with the listener.
 */
export interface Engine {
  /** The endpoint of the protocol that the engine carries. */
  readonly endpoint?: Endpoint | undefined;
  match(url: URL): boolean;
  /** May take longer than other answers. Undefined if the request has become a WebSocket. */
  answer(request: Request, client: EngineClient): Promise<Response | undefined>;
}
