/** A client of a JSON signaling server that sends what the test gives it, valid or not. */
export class SignalingClient {
  /** Every received frame, in order. */
  readonly received: string[] = [];
  readonly #socket: WebSocket;
  #pings = 0;
  #pongs = 0;
  #ponged = (): void => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#receive(String(data)));
  }

  /** Resolves when the socket is open. */
  static async connect(url: string): Promise<SignalingClient> {
    const socket = new WebSocket(url);
    const client = new SignalingClient(socket);
    await new Promise<unknown>((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("close", () => reject(new Error(`no WebSocket at ${url}`)), { once: true });
    });
    return client;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  say(message: { readonly type: string; readonly [member: string]: unknown }): void {
    this.send(JSON.stringify(message));
  }

  send(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(frame);
    if (frame === ping) this.#pings += 1;
  }

  /** Sends a ping and resolves at its pong: the server has handled every earlier message then. */
  async handled(): Promise<void> {
    this.send(ping);
    while (this.#pongs < this.#pings) {
      await new Promise<void>((resolve) => {
        this.#ponged = resolve;
      });
    }
  }

  /** Resolves at the pong to a WebSocket ping, which the server answers even if its session has ended. */
  async controlPonged(): Promise<void> {
    await new Promise<unknown>((resolve) => {
      this.#socket.addEventListener("pong", resolve, { once: true });
      this.#socket.ping();
    });
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    await new Promise<unknown>((resolve) => {
      this.#socket.addEventListener("close", resolve, { once: true });
      this.#socket.close();
    });
  }

  #receive(frame: string): void {
    this.received.push(frame);
    if (frame !== '{"type":"pong"}') return;
    this.#pongs += 1;
    this.#ponged();
  }
}

const ping = '{"type":"ping"}';
