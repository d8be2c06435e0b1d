import { encodeAwareness } from "../../../src/relay/awareness/awareness-codec.ts";
import { SyncClient } from "./sync-client.ts";
import type { SyncProtocol } from "./sync-protocol.ts";
import { SyncServer } from "./sync-server.ts";

export interface StormClientOptions {
  readonly wsUrl: string;
  readonly protocol: SyncProtocol;
  readonly document: string;
  readonly clientId: number;
  /**
   * The client's state of the document: the update answers the server's SyncStep1, the state vector is sent in its own.
   */
  readonly state: { readonly update: Uint8Array; readonly stateVector: Uint8Array };
  /** Called when a connection has ended or could not be opened. */
  readonly ended: (connection: Ended) => void;
}

export interface Ended {
  readonly wasOpen: boolean;
  readonly code: number;
  readonly reason: string;
}

const firstRetryMs = 100;
const longestRetryMs = 2_500;

/**
 * A client's behavior on the wire, without a document: it syncs, sends its awareness, and reconnects after min(2ⁿ ·
 * 100, 2,500) ms without jitter, as y-websocket's client does; n is the number of failures since it was synced.
 */
export class StormClient {
  readonly #options: StormClientOptions;
  #client: SyncClient | undefined;
  #failures = 0;
  #clock = 0;
  #syncedAt: number | undefined;
  #updates = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(options: StormClientOptions) {
    this.#options = options;
    this.#connect();
  }

  /** The time by `performance.now`; undefined while it is not synced. */
  get syncedAt(): number | undefined {
    return this.#syncedAt;
  }

  /** The updates received since it is synced, and its own updates that were acknowledged. */
  get updates(): number {
    return this.#updates;
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#retry);
    this.#client?.terminate();
  }

  send(update: Uint8Array): void {
    this.#client?.send({ type: "update", update });
  }

  #connect(): void {
    const { wsUrl, protocol, document, state } = this.#options;
    let wasOpen = false;
    const client: SyncClient = new SyncClient(new SyncServer(wsUrl, protocol), document, {
      asked: () => client.send({ type: "sync-step-2", update: state.update }),
      updated: (_, kind) => {
        if (kind === "sync-step-2") this.#syncedAt ??= performance.now();
        else if (kind === "update") this.#updates += 1;
        this.#failures = 0;
      },
      acknowledged: () => {
        this.#updates += 1;
      },
    });
    this.#client = client;
    client.opened.then(
      () => {
        wasOpen = true;
        client.send({ type: "sync-step-1", stateVector: state.stateVector });
        this.#clock += 1;
        const entry = { clientId: this.#options.clientId, clock: this.#clock, state: '{"user":{"name":"someone"}}' };
        client.send({ type: "awareness", body: encodeAwareness([entry]) });
      },
      () => {},
    );
    client.closed.then(
      ({ code, reason }) => this.#ended({ wasOpen, code, reason }),
      () => {},
    );
  }

  #ended(connection: Ended): void {
    this.#syncedAt = undefined;
    this.#updates = 0;
    if (this.#isOver) return;
    this.#options.ended(connection);
    if (!connection.wasOpen) this.#failures += 1;
    const delayMs = Math.min(firstRetryMs * 2 ** this.#failures, longestRetryMs);
    this.#retry = setTimeout(() => this.#connect(), delayMs);
  }
}
