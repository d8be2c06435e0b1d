import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { eventually } from "../eventually.ts";
import { type Tuple, tuple } from "../tuple.ts";

export interface TestClient {
  readonly doc: Y.Doc;
  readonly text: Y.Text;
  readonly provider: WebsocketProvider;
}

const settings = { disableBc: true, maxBackoffTime: 200 };

/** Real y-websocket clients. They share only the server (no BroadcastChannel). */
export class TestClients implements AsyncDisposable {
  readonly #clients: TestClient[] = [];

  connect(wsUrl: string, document: string, doc = new Y.Doc()): TestClient {
    return this.connectAt(`${wsUrl}/sync`, document, doc);
  }

  /** Connects below another path than `/sync`. */
  connectAt(serverUrl: string, document: string, doc = new Y.Doc()): TestClient {
    return this.#add(doc, new WebsocketProvider(serverUrl, document, doc, settings));
  }

  /** Connects with a token in the URL. */
  connectWith(token: string, wsUrl: string, document: string): TestClient {
    const doc = new Y.Doc();
    return this.#add(doc, new WebsocketProvider(`${wsUrl}/sync`, document, doc, { ...settings, params: { token } }));
  }

  #add(doc: Y.Doc, provider: WebsocketProvider): TestClient {
    const client = { doc, text: doc.getText("text"), provider };
    this.#clients.push(client);
    return client;
  }

  async connectAll<const N extends number>(count: N, wsUrl: string, document: string): Promise<Tuple<N, TestClient>> {
    const clients = Array.from({ length: count }, () => this.connect(wsUrl, document));
    await Promise.all(clients.map(synced));
    return tuple(count, clients);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { provider, doc } of this.#clients) {
      provider.destroy();
      provider.awareness.destroy();
      doc.destroy();
    }
  }
}

export async function synced({ provider }: TestClient): Promise<void> {
  await eventually("synced", () => provider.synced);
}

/** Disconnects, and resolves when the socket is closed. */
export async function disconnected({ provider }: TestClient): Promise<void> {
  provider.disconnect();
  await eventually("disconnected", () => provider.ws === null);
}

/** Resolves when all documents have the same state, deletions included. */
export async function converged(clients: readonly Pick<TestClient, "doc">[], withinMs = 10_000): Promise<void> {
  await eventually(
    "converged",
    () => {
      const [first, ...others] = clients.map(({ doc }) => Y.snapshot(doc));
      return first !== undefined && others.every((other) => Y.equalSnapshots(first, other));
    },
    withinMs,
  );
}
