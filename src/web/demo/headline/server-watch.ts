import type { WebsocketProvider } from "y-websocket";
import { Value } from "../../shared/value.ts";
import { isReached, restartReason, type ServerFacts, type ServerState, serverState } from "./server-state.ts";

/** The facts that `ServerWatch` asks for when it decides. */
export type ServerLinks = Pick<ServerFacts, "link" | "isOffline" | "isSignalingConnected" | "denial">;

/** Tracks whether the server can be reached, by the connections to it. */
export class ServerWatch {
  readonly state = new Value<ServerState>({ kind: "connecting" });
  readonly #links: () => ServerLinks;
  #closeReason: string | undefined;
  #wasConnected = false;
  #disconnectedAt = performance.now();

  constructor(links: () => ServerLinks) {
    this.#links = links;
  }

  /** Follows the connection of the provider. `update` must be called after each other change, and about once a second. */
  follow(websocket: WebsocketProvider): void {
    websocket.on("status", ({ status }) => {
      if (status === "connected") this.#closeReason = undefined;
      this.update();
    });
    websocket.on("connection-close", (event) => {
      // A server that restarts cannot say anything until it is back. In any other case its silence is the latest news.
      const isRestarting = this.#closeReason === restartReason;
      this.#closeReason = event?.reason || (isRestarting ? restartReason : undefined);
      this.update();
    });
  }

  update(): void {
    const links = this.#links();
    if (isReached(links) || links.isOffline) this.#disconnectedAt = performance.now();
    this.#wasConnected ||= isReached(links);
    const disconnectedMs = performance.now() - this.#disconnectedAt;
    this.state.set(
      serverState({ ...links, closeReason: this.#closeReason, wasConnected: this.#wasConnected, disconnectedMs }),
    );
  }
}
