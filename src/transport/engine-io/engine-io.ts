import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import { LimitedLog } from "../../ops/limited-log.ts";
import { AddressLimits, type AddressRefusal } from "../admission/address-limits.ts";
import { type Readers, readersOf, shareWith } from "../admission/cross-origin.ts";
import { LaterRefusals } from "../admission/later-refusals.ts";
import type { OriginPolicy } from "../admission/origin-policy.ts";
import { isUpgrade, upgradeRequired } from "../admission/upgrade-request.ts";
import type { CloseReason } from "../close-reason.ts";
import type { Engine, EngineClient } from "../engine.ts";
import type { Endpoint } from "../protocol.ts";
import type { EngineIoServer, EngineIoServerOptions } from "./engine-io-server.ts";

/** The protocol's `match` decides which URLs the engine serves. */
export interface EngineIoOptions extends Omit<EngineIoServerOptions, "opened" | "closed"> {
  readonly originPolicy: OriginPolicy;
  readonly addresses: CountedAddresses;
}

/**
 * A protocol over Engine.IO 4: by polling, by WebSocket, and with the upgrade from polling to WebSocket.
 *
 * The engine is loaded when the first client connects. Handshakes are limited before the engine sees them, since a
 * session exists before any socket and outlives its requests.
 */
export class EngineIo implements Engine {
  readonly #options: EngineIoOptions;
  readonly #addresses: AddressLimits;
  readonly #readers: Readers;
  readonly #later: LaterRefusals;
  #server: Promise<EngineIoServer> | undefined;
  #sessions = 0;

  constructor(options: EngineIoOptions) {
    this.#options = options;
    this.#addresses = new AddressLimits(options);
    this.#readers = readersOf(options.originPolicy);
    const limitedLog = new LimitedLog(options.log, options.clock);
    this.#later = new LaterRefusals({ limitedLog, metrics: options.metrics });
  }

  get endpoint(): Endpoint | undefined {
    return this.#options.protocol.endpoint;
  }

  match(url: URL): boolean {
    return this.#options.protocol.match(url);
  }

  async answer(request: Request, client: EngineClient): Promise<Response | undefined> {
    const response = await this.#respond(request, client);
    return response && shareWith(this.#readers, request, response);
  }

  async #respond(request: Request, client: EngineClient): Promise<Response | undefined> {
    const { searchParams } = new URL(request.url);
    if (searchParams.get("transport") === "websocket" && !isUpgrade(request)) {
      return new Response(upgradeRequired.message, upgradeRequired);
    }
    const isHandshake = request.method === "GET" && !searchParams.has("sid");
    const refusal = isHandshake ? this.#refusal(client.remoteAddress) : undefined;
    if (refusal !== undefined) return this.#later.refuse(refusal, client.remoteAddress);
    this.#server ??= this.#load();
    return (await this.#server).answer(request, client);
  }

  /** Closes all sessions with `reason`, and resolves when they have ended. Idempotent: sessions are closed once. */
  async close(reason: CloseReason): Promise<void> {
    await (await this.#server)?.close(reason);
  }

  async #load(): Promise<EngineIoServer> {
    try {
      const { EngineIoServer } = await import("./engine-io-server.ts");
      return new EngineIoServer({
        ...this.#options,
        opened: (remoteAddress) => {
          this.#sessions += 1;
          this.#addresses.opened(remoteAddress);
        },
        closed: (remoteAddress) => {
          this.#sessions -= 1;
          this.#addresses.closed(remoteAddress);
        },
      });
    } catch (error) {
      // The next client tries again.
      this.#server = undefined;
      throw error;
    }
  }

  #refusal(remoteAddress: string): AddressRefusal | "engine-sessions" | undefined {
    if (this.#sessions >= this.#options.limits.engineSessions) return "engine-sessions";
    return this.#addresses.refuse(remoteAddress);
  }
}
