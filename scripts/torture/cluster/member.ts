import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import type { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { hocuspocus } from "../client/hocuspocus-protocol.ts";
import type { Acknowledgements, SyncProtocol } from "../client/sync-protocol.ts";
import { yWebsocket } from "../client/y-websocket-protocol.ts";
import type { Ledger } from "../ledger.ts";
import { observedSocket, type SocketObserver } from "./observed-socket.ts";
import type { TorturedNode } from "./tortured-cluster.ts";

/** The content of one document that its clients know. None of it may be lost. */
export interface Known {
  readonly name: string;
  /** The content that a client has received from others. */
  readonly seen: Ledger;
  /** The content that is acknowledged to its sender. */
  readonly acknowledged: Ledger;
}

export interface MemberOptions {
  readonly name: string;
  readonly kind: "y-websocket" | "hocuspocus";
  /** The node to which it connects first. */
  readonly node: TorturedNode;
  /** The node to which it connects again: as a load balancer without sticky sessions. */
  readonly nextNode: () => TorturedNode;
  /** Called when a connection has ended, not by the client. */
  readonly closed: (code: number, reason: string) => void;
  /** Called with a sentence when a client is told anything but to come back. */
  readonly troubled: (why: string) => void;
}

/**
 * The codes of closes after which clients come back: 1001 (going away), 1006 (without a close frame), 1012 (service
 * restart) and 1013 (try again later).
 */
const reconnectCodes: ReadonlySet<number> = new Set([1001, 1006, 1012, 1013]);
const backoff = { maxMs: 500, firstMs: 100 };

/** A person in a document with a real client, which connects to one node after the other. */
export class Member {
  readonly name: string;
  readonly kind: "y-websocket" | "hocuspocus";
  readonly doc = new Y.Doc();
  readonly awareness: Awareness;
  readonly #known: Known;
  readonly #options: MemberOptions;
  readonly #protocol: SyncProtocol;
  readonly #provider: { readonly isSynced: boolean; destroy(): void };
  #acknowledgements: Acknowledgements;
  #node: TorturedNode;
  #connections = 0;
  #connectedAt = performance.now();
  #hasLeft = false;
  #moves = 0;

  constructor(known: Known, options: MemberOptions) {
    const { kind, name, node } = options;
    this.name = name;
    this.kind = kind;
    this.#known = known;
    this.#options = options;
    this.#node = node;
    this.#protocol = kind === "hocuspocus" ? hocuspocus : yWebsocket;
    this.#acknowledgements = this.#protocol.acknowledgements();
    this.doc.on("afterTransaction", (transaction) => this.#transacted(transaction));
    const provider = kind === "hocuspocus" ? this.#hocuspocus() : this.#yWebsocket();
    this.#provider = provider;
    this.awareness = provider.awareness;
    this.move();
  }

  /** The node to which it was connected last. */
  get node(): TorturedNode {
    return this.#node;
  }

  /** When it began to connect last, by `performance.now`. */
  get connectedAt(): number {
    return this.#connectedAt;
  }

  get isSynced(): boolean {
    return this.#provider.isSynced;
  }

  /** The number of updates that it has sent on its connection, and that are not acknowledged. */
  get waiting(): number {
    return this.#acknowledgements.waiting;
  }

  get connections(): number {
    return this.#connections;
  }

  /** Moves its cursor. */
  move(): void {
    this.#moves += 1;
    this.awareness.setLocalState({ user: { name: this.name }, moves: this.#moves });
  }

  /** Ends for good, without a word to the server if that does not read. */
  leave(): void {
    this.#hasLeft = true;
    this.#provider.destroy();
  }

  #yWebsocket() {
    const provider = new WebsocketProvider("ws://node/sync", this.#known.name, this.doc, {
      disableBc: true,
      maxBackoffTime: backoff.maxMs,
      WebSocketPolyfill: observedSocket(this.#observer()),
    });
    provider.on("closed", ({ code }) => this.#options.troubled(`${this.name} was told never to come back: ${code}`));
    return {
      awareness: provider.awareness,
      get isSynced() {
        return provider.synced;
      },
      destroy: () => provider.destroy(),
    };
  }

  #hocuspocus() {
    const socket = new HocuspocusProviderWebsocket({
      url: "ws://node/collab",
      delay: backoff.firstMs,
      minDelay: backoff.firstMs,
      maxDelay: backoff.maxMs,
      WebSocketPolyfill: observedSocket(this.#observer()),
    });
    const provider = new HocuspocusProvider({ name: this.#known.name, document: this.doc, websocketProvider: socket });
    provider.on("authenticationFailed", ({ reason }: { reason: string }) =>
      this.#options.troubled(`${this.name} was refused: ${reason}`),
    );
    provider.attach();
    const { awareness } = provider;
    if (awareness === null) throw new Error("the provider has no awareness");
    return {
      awareness,
      get isSynced() {
        return provider.isSynced;
      },
      destroy: () => {
        provider.destroy();
        socket.destroy();
      },
    };
  }

  #observer(): SocketObserver {
    return {
      connecting: (url) => {
        if (this.#connections > 0) this.#node = this.#options.nextNode();
        this.#connections += 1;
        this.#connectedAt = performance.now();
        this.#acknowledgements = this.#protocol.acknowledgements();
        return url.replace("ws://node", this.#node.wsUrl);
      },
      sent: (frame) => {
        const message = this.#protocol.decode(frame)?.message;
        if (message?.type === "update" || message?.type === "sync-step-1" || message?.type === "sync-step-2")
          this.#acknowledgements.sent(message);
      },
      received: (frame) => this.#received(frame),
      closed: (code, reason) => {
        if (this.#hasLeft) return;
        this.#options.closed(code, reason);
        if (!reconnectCodes.has(code))
          this.#options.troubled(`a connection of ${this.name} to ${this.#node.name} was closed: ${code} ${reason}`);
      },
    };
  }

  #received(frame: Uint8Array): void {
    const message = this.#protocol.decode(frame)?.message;
    if (message === undefined) return;
    if (message.type === "refused") this.#options.troubled(`${this.name} was refused: ${message.why}`);
    const update = this.#acknowledgements.heard(message);
    if (update !== undefined) this.#known.acknowledged.add(update);
  }

  /** Notes what others have sent. */
  #transacted({ local, beforeState, afterState, deleteSet }: Y.Transaction): void {
    if (local) return;
    const structs = Array.from(afterState)
      .filter(([client, clock]) => client !== this.doc.clientID && clock > (beforeState.get(client) ?? 0))
      .map(([client, clock]) => [client, [[beforeState.get(client) ?? 0, clock]]] as const);
    const deletes = Array.from(
      deleteSet.clients,
      ([client, items]) => [client, items.map(({ clock, len }) => [clock, clock + len] as const)] as const,
    );
    if (structs.length > 0 || deletes.length > 0) this.#known.seen.addClocks({ structs, deletes });
  }
}
