import { eventually } from "../eventually.ts";

type Message = Readonly<Record<string, unknown>>;

/** A client that sends the messages of its test's script, and waits for those that the script expects. */
export class ScriptSocket {
  readonly #socket: WebSocket;
  readonly #received: Message[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#received.push(JSON.parse(String(data))));
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
  }

  /** Resolves when the socket is open. */
  static async connect(url: string): Promise<ScriptSocket> {
    const socket = new WebSocket(url);
    const client = new ScriptSocket(socket);
    await eventually(`open: ${url}`, () => socket.readyState === WebSocket.OPEN);
    return client;
  }

  say(message: Message): void {
    this.#socket.send(JSON.stringify(message));
  }

  send(frame: string): void {
    this.#socket.send(frame);
  }

  /** Resolves with the next message once it has arrived. */
  async next(): Promise<Message> {
    await eventually("a message", () => this.#received.length > 0);
    return this.#received.shift() ?? {};
  }

  /** Takes the messages that have arrived. */
  take(): readonly Message[] {
    return this.#received.splice(0);
  }

  /** The messages that have arrived and were not awaited. Only a later message proves that none is still under way. */
  get unread(): readonly Message[] {
    return this.#received;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await eventually("closed", () => this.closed !== undefined);
  }

  /** Ends the connection without a closing handshake, as when a page's process dies. */
  crash(): void {
    this.#socket.terminate();
  }
}
