import { parseIpAddress } from "../../../../src/lib/address/ip-address.ts";
import { connectTurn } from "../../../../src/turn/client/sockets/connect-turn.ts";
import type { TurnClient } from "../../../../src/turn/client/turn-client.ts";
import { TurnError } from "../../../../src/turn/client/turn-failure.ts";
import { Samples } from "../../statistics.ts";
import { EchoSocket } from "./echo-socket.ts";
import { credentialFor, type TurnAccess } from "./turn-access.ts";

/** A client with a way to a socket that echoes what it sends. */
interface Link {
  send(payload: Uint8Array): void;
  close(): Promise<void>;
}

/** The length of a message of a data channel with a keystroke, encrypted. */
const payloadBytes = 200;
const firstChannel = 0x4000;
const tickMs = 1;
/** The load itself may pause: packets that are later than this are not sent in one burst, but left out. */
const mostLateMs = 5;
const mostAttempts = 10;
/** How long after the last packet its echo counts. */
const graceMs = 300;

export interface Paced {
  readonly sent: number;
  readonly echoed: number;
}

/** Clients that send numbered packets at an even rate, each to an echo of its own, and measure the way there and back. */
export class EchoLinks implements AsyncDisposable {
  /** Milliseconds from a packet to its echo. */
  readonly roundTrips = new Samples();
  readonly #links: readonly Link[];
  readonly #sentAt = new Float64Array(2 ** 16);
  readonly #payload = new Uint8Array(payloadBytes);
  readonly #number = new DataView(this.#payload.buffer);
  #sent = 0;
  #echoed = 0;

  private constructor(links: readonly Link[]) {
    this.#links = links;
  }

  /** Clients that reach their echoes through a TURN server, with channels as Chromium or with indications as Firefox. */
  static throughTurn(access: TurnAccess, count: number, framing: Framing = "channels"): Promise<EchoLinks> {
    return EchoLinks.#open(count, (echo, index, echoed) => turnLink({ access, framing, echo, index, echoed }));
  }

  /** Clients that reach their echoes themselves. */
  static direct(count: number): Promise<EchoLinks> {
    return EchoLinks.#open(count, directLink);
  }

  static async #open(count: number, open: OpenLink): Promise<EchoLinks> {
    const opened: Link[] = [];
    const links = new EchoLinks(opened);
    for (let index = 0; index < count; index += 1) {
      const echo = await EchoSocket.open();
      const link = await open(echo, index, (payload) => links.#arrived(payload));
      opened.push({
        send: (payload) => link.send(payload),
        close: async () => {
          await link.close();
          echo[Symbol.dispose]();
        },
      });
    }
    return links;
  }

  /** Sends packets from all clients in turn. Each is relayed twice: there and back. */
  async pace(packetsPerSecond: number, seconds: number): Promise<Paced> {
    const [sentBefore, echoedBefore] = [this.#sent, this.#echoed];
    const total = packetsPerSecond * seconds;
    const done = Promise.withResolvers<void>();
    let startedAt = performance.now();
    let dueBefore = 0;
    const timer = setInterval(() => {
      const now = performance.now();
      const lateMs = now - startedAt - (dueBefore * 1_000) / packetsPerSecond - mostLateMs;
      if (lateMs > 0) startedAt += lateMs;
      const due = Math.min(total, Math.floor(((now - startedAt) * packetsPerSecond) / 1_000));
      for (; dueBefore < due; dueBefore += 1) this.#send();
      if (due === total) done.resolve();
    }, tickMs);
    await done.promise;
    clearInterval(timer);
    await Bun.sleep(graceMs);
    return { sent: this.#sent - sentBefore, echoed: this.#echoed - echoedBefore };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }

  #send(): void {
    this.#number.setUint32(0, this.#sent);
    this.#sentAt[this.#sent % this.#sentAt.length] = performance.now();
    this.#links[this.#sent % this.#links.length]?.send(this.#payload);
    this.#sent += 1;
  }

  #arrived(payload: Uint8Array): void {
    const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    this.#echoed += 1;
    this.roundTrips.add(performance.now() - (this.#sentAt[number % this.#sentAt.length] ?? Number.NaN));
  }
}

type Framing = "channels" | "indications";

type OpenLink = (echo: EchoSocket, index: number, echoed: (payload: Uint8Array) => void) => Promise<Link>;

async function turnLink({ access, framing, echo, index, echoed }: TurnLinkOptions): Promise<Link> {
  const ip = parseIpAddress("127.0.0.1");
  if (ip === undefined) throw new Error("127.0.0.1 is an address");
  const credential = credentialFor(access, `user-${index}`);
  const client = await allocated(() =>
    connectTurn({
      ...{ transport: "udp", host: "127.0.0.1", port: access.port, credential },
      received: (_ip, _port, payload) => echoed(payload),
    }),
  );
  if (framing === "channels") await client.bindChannel(firstChannel, ip, echo.port);
  else await client.createPermission(ip);
  return {
    send: (payload) =>
      framing === "channels" ? client.sendToChannel(firstChannel, payload) : client.send(ip, echo.port, payload),
    close: async () => {
      await client.refresh(0).catch(() => {});
      client.close();
    },
  };
}

/** A client with an allocation. A port of this machine that another client has had a moment ago is refused with 437. */
async function allocated(connect: () => Promise<TurnClient>): Promise<TurnClient> {
  for (let attempt = 1; ; attempt += 1) {
    const client = await connect();
    try {
      await client.allocate();
      return client;
    } catch (error) {
      client.close();
      if (!(error instanceof TurnError) || error.code !== 437 || attempt === mostAttempts) throw error;
    }
  }
}

interface TurnLinkOptions {
  readonly access: TurnAccess;
  readonly framing: Framing;
  readonly echo: EchoSocket;
  readonly index: number;
  readonly echoed: (payload: Uint8Array) => void;
}

async function directLink(echo: EchoSocket, _index: number, echoed: (payload: Uint8Array) => void): Promise<Link> {
  const socket = await Bun.udpSocket({
    connect: { hostname: "127.0.0.1", port: echo.port },
    binaryType: "buffer",
    socket: { data: (_, bytes) => echoed(bytes), error: () => {} },
  });
  return {
    send: (payload) => {
      socket.send(payload);
    },
    close: async () => socket.close(),
  };
}
