import type { Protocol } from "./protocol.ts";

/** Who sends a request to an engine. */
export interface EngineClient {
  readonly remoteAddress: string;
  /** Opens a WebSocket in the request's place, at once, for `protocol`. False if the request does not ask for one. */
  upgrade(protocol: Protocol, headers: Headers): boolean;
}

/**
 * Serves clients that come by several requests, or by sockets that are not a session each.
 *
 * It has all requests of its URLs, upgrades among them, and every socket that it opens runs like any other: with its
 * limits, and closed with the listener.
 */
export interface Engine {
  match(url: URL): boolean;
  /** May take longer than other answers. Undefined if the request has become a WebSocket. */
  answer(request: Request, client: EngineClient): Promise<Response | undefined>;
}
