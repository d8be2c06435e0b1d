/** Bytes of the header of a DNS message (RFC 1035 §4.1.1). */
const headerBytes = 12;
const typeA = 1;
const flags = { answer: 0x8580, noSuchName: 0x8583 };
/** The name of the question, class IN, a TTL of 0, and 127.0.0.1. */
const loopbackAnswer = Buffer.from([0xc0, headerBytes, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);

/** A DNS server on loopback: every name has the address 127.0.0.1, except those that end in `.missing.test`. */
export class DnsResponder implements Disposable {
  readonly #socket: Bun.udp.Socket<"buffer">;

  private constructor(socket: Bun.udp.Socket<"buffer">) {
    this.#socket = socket;
  }

  static async start(): Promise<DnsResponder> {
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (own, query, port, address) => void own.send(answerTo(query), port, address),
        error: () => {},
      },
    });
    return new DnsResponder(socket);
  }

  /** `host:port` */
  get address(): string {
    return `127.0.0.1:${this.#socket.port}`;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

function answerTo(query: Buffer): Buffer {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  const isMissing = labels.slice(-2).join(".").toLowerCase() === "missing.test";
  const hasAddress = !isMissing && query.readUInt16BE(at + 1) === typeA;
  const header = Buffer.alloc(headerBytes);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(isMissing ? flags.noSuchName : flags.answer, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(hasAddress ? 1 : 0, 6);
  return Buffer.concat([header, query.subarray(headerBytes, end), hasAddress ? loopbackAnswer : Buffer.alloc(0)]);
}
