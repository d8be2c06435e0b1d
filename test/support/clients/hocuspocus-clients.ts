import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import {
  HocuspocusProvider as HocuspocusProvider2,
  HocuspocusProviderWebsocket as HocuspocusProviderWebsocket2,
} from "hocuspocus-provider-2";
import {
  HocuspocusProvider as HocuspocusProvider3,
  HocuspocusProviderWebsocket as HocuspocusProviderWebsocket3,
} from "hocuspocus-provider-3";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { eventually } from "../eventually.ts";
import { type Tuple, tuple } from "../tuple.ts";

/** The common interface of the providers of all versions. */
interface Provider {
  readonly isSynced: boolean;
  readonly unsyncedChanges: number;
  readonly isAuthenticated: boolean;
  readonly awareness: Awareness | null;
  forceSync(): void;
  sendStateless(payload: string): void;
  on(event: string, listener: (payload: never) => void): unknown;
  destroy(): void;
}

/** One connection, which several providers can share. */
interface ProviderSocket {
  readonly status: string;
  readonly webSocket: { readonly readyState: number; send(frame: string | Uint8Array): void } | null;
  connect(): unknown;
  disconnect(): void;
  destroy(): void;
}

export interface Kind {
  readonly label: string;
  readonly version: 2 | 3 | 4;
  readonly sessionAwareness: boolean;
  /** The token of providers to which a test gives no other. */
  readonly token: string | null;
}

/** The versions of the provider. Providers before version 3 do not authenticate when they have no token. */
export const kinds: readonly Kind[] = [
  { label: "2, without a token", version: 2, sessionAwareness: false, token: null },
  { label: "2, with a token", version: 2, sessionAwareness: false, token: "token" },
  { label: "3", version: 3, sessionAwareness: false, token: null },
  { label: "4", version: 4, sessionAwareness: false, token: null },
  { label: "4, with sessionAwareness", version: 4, sessionAwareness: true, token: null },
];

export interface HocuspocusClient {
  readonly doc: Y.Doc;
  readonly text: Y.Text;
  readonly provider: Provider;
  readonly socket: ProviderSocket;
  /** The reasons of `authenticationFailed`. */
  readonly failures: string[];
  /** The payloads of `stateless`. */
  readonly stateless: string[];
  /** The number of times that the provider was told that it is authenticated. */
  authentications: number;
}

export interface Attach {
  readonly doc?: Y.Doc;
  readonly socket?: ProviderSocket;
  readonly token?: string | (() => string);
}

/** Real Hocuspocus providers of one kind. They share only the server, and a socket where the test says so. */
export class HocuspocusClients implements AsyncDisposable {
  readonly #kind: Kind;
  readonly #url: string;
  readonly #clients: HocuspocusClient[] = [];
  readonly #sockets: ProviderSocket[] = [];

  constructor(kind: Kind, wsUrl: string) {
    this.#kind = kind;
    this.#url = `${wsUrl}/collab`;
  }

  openSocket(): ProviderSocket {
    const options = { url: this.#url, delay: 100, minDelay: 50, maxDelay: 300 };
    const socket = this.#openSocket(options);
    this.#sockets.push(socket);
    return socket;
  }

  attach(name: string, { doc = new Y.Doc(), socket = this.openSocket(), token }: Attach = {}): HocuspocusClient {
    const provider = this.#openProvider({ name, document: doc, token: token ?? this.#kind.token }, socket);
    const client = {
      doc,
      text: doc.getText("text"),
      provider,
      socket,
      failures: [] as string[],
      stateless: [] as string[],
      authentications: 0,
    };
    provider.on("authenticationFailed", ({ reason }: { reason: string }) => client.failures.push(reason));
    provider.on("stateless", ({ payload }: { payload: string }) => client.stateless.push(payload));
    provider.on("authenticated", () => {
      client.authentications += 1;
    });
    this.#clients.push(client);
    return client;
  }

  async attachAll<const N extends number>(count: N, name: string): Promise<Tuple<N, HocuspocusClient>> {
    const clients = Array.from({ length: count }, () => this.attach(name));
    await Promise.all(clients.map(saved));
    return tuple(count, clients);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { provider, doc } of this.#clients) {
      provider.destroy();
      doc.destroy();
    }
    for (const socket of this.#sockets) socket.destroy();
  }

  #openSocket(options: { readonly url: string }): ProviderSocket {
    switch (this.#kind.version) {
      case 2:
        return new HocuspocusProviderWebsocket2(options);
      case 3:
        return new HocuspocusProviderWebsocket3(options);
      case 4:
        return new HocuspocusProviderWebsocket(options);
    }
  }

  #openProvider(
    options: { readonly name: string; readonly document: Y.Doc; readonly token: string | (() => string) | null },
    socket: ProviderSocket,
  ): Provider {
    const { version, sessionAwareness } = this.#kind;
    if (version === 2 && socket instanceof HocuspocusProviderWebsocket2) {
      // Without these settings, providers in one process would find each other without the server.
      const separate = { broadcast: false, preserveConnection: true };
      return new HocuspocusProvider2({ ...options, ...separate, websocketProvider: socket });
    }
    if (version === 3 && socket instanceof HocuspocusProviderWebsocket3) {
      const provider = new HocuspocusProvider3({ ...options, websocketProvider: socket });
      provider.attach();
      return provider;
    }
    if (version === 4 && socket instanceof HocuspocusProviderWebsocket) {
      const provider = new HocuspocusProvider({ ...options, sessionAwareness, websocketProvider: socket });
      provider.attach();
      return provider;
    }
    throw new TypeError("a socket of another version");
  }
}

/** Resolves when the provider is synced and every update is acknowledged. */
export async function saved({ provider }: HocuspocusClient): Promise<void> {
  await eventually("saved", () => provider.isSynced && provider.unsyncedChanges === 0);
}
