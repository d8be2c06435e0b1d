import { converged, synced, type TestClient, TestClients } from "../../../test/support/clients/providers.ts";
import { SignalingClient } from "../../../test/support/clients/signaling-client.ts";
import { typist } from "../../../test/support/clients/typist.ts";
import { eventually, pause } from "../../../test/support/eventually.ts";

/** Rooms that the torture must not affect: real y-websocket clients that edit, and peers that signal. */
export class Witnesses implements AsyncDisposable {
  readonly #clients: TestClients;
  readonly #editors: readonly TestClient[];
  readonly #peers: readonly SignalingClient[];
  #disconnects = 0;
  #checks = 0;
  #isOver = false;

  private constructor(clients: TestClients, editors: readonly TestClient[], peers: readonly SignalingClient[]) {
    this.#clients = clients;
    this.#editors = editors;
    this.#peers = peers;
    for (const { provider } of editors) {
      provider.on("status", ({ status }) => {
        if (status === "disconnected" && !this.#isOver) this.#disconnects += 1;
      });
    }
  }

  static async enter(port: number): Promise<Witnesses> {
    const wsUrl = `ws://127.0.0.1:${port}`;
    const clients = new TestClients();
    const editors = [clients.connect(wsUrl, "witness"), clients.connect(wsUrl, "witness")];
    const peers = await Promise.all([`${wsUrl}/`, `${wsUrl}/signal`].map(SignalingClient.connect));
    for (const peer of peers) peer.say({ type: "subscribe", topics: ["witness"] });
    await Promise.all([...editors.map(synced), ...peers.map((peer) => peer.handled())]);
    return new Witnesses(clients, editors, peers);
  }

  /** The number of times that every edit and every signal had arrived. */
  get checks(): number {
    return this.#checks;
  }

  /** The number of connections that were lost. */
  get losses(): number {
    return this.#disconnects + this.#peers.filter(({ isOpen }) => !isOpen).length;
  }

  /** Edits, and checks every second that the edit has arrived, until `isOver`. Rejects when an edit has not arrived. */
  async work(isOver: () => boolean): Promise<void> {
    const typists = this.#editors.map(({ text }, index) => typist(text, `witness ${index}`));
    while (!isOver()) {
      for (let turn = 0; turn < 40 && !isOver(); turn += 1) {
        for (const type of typists) type(1);
        await pause(25);
      }
      await this.#check();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#clients[Symbol.asyncDispose]();
    await Promise.all(this.#peers.map((peer) => peer.close()));
  }

  async #check(): Promise<void> {
    await converged(this.#editors);
    const [one, other] = this.#peers;
    const data = `said ${this.#checks}`;
    one?.say({ type: "publish", topic: "witness", data });
    await eventually(
      "a witness receives the signal of the other one",
      () => other?.received.at(-1)?.includes(data) ?? false,
    );
    this.#checks += 1;
  }
}
