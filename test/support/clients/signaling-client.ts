/** A client of a JSON signaling server that says what it is told to, sound or not. */
export class SignalingClient {
  /** Every frame received, in order. */
  readonly heard: string[] = [];
  readonly #socket: WebSocket;
  #pings = 0;
  #pongs = 0;
  #ponged = (): void => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#hear(String(data)));
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

  /** Pings, and resolves when the server has handled all that was said before and the pong has arrived. */
  async settled(): Promise<void> {
    this.send(ping);
    while (this.#pongs < this.#pings) {
      await new Promise<void>((resolve) => {
        this.#ponged = resolve;
      });
    }
  }

  /** Resolves when the pong to a WebSocket ping has arrived, which a server answers also when its session is mute. */
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

  #hear(frame: string): void {
    this.heard.push(frame);
    if (frame !== '{"type":"pong"}') return;
    this.#pongs += 1;
    this.#ponged();
  }
}

const ping = '{"type":"ping"}';
