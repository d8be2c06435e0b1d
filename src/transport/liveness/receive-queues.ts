import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { endianness } from "node:os";
import { canonicalAddress } from "../../lib/address/canonical-address.ts";

/** One TCP connection, as this side sees it. */
export interface TcpConnection {
  readonly localPort: number;
  readonly peerAddress: string;
  readonly peerPort: number;
}

/** The tables of the system's TCP sockets: Linux has them. */
const tables = ["/proc/net/tcp", "/proc/net/tcp6"];
/** An established connection with bytes in its receive queue; the fields are those of proc(5). */
const row = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) 01 [0-9A-F]{8}:(?!0{8})[0-9A-F]{8} /gm;

/**
 * Tells whether bytes of a client have arrived that are not read yet. It is the only sign of a large frame on a slow
 * link: Bun does not tell of a frame before its last byte, and the answer to a ping waits behind that byte.
 */
export class ReceiveQueues {
  /** Whether this system shows the receive queues. */
  readonly areKnown = tables.some((table) => existsSync(table));
  /** The tables have a line for each socket of the system: connections that are asked for together share one reading. */
  #reading: Promise<ReadonlySet<string>> | undefined;

  /** False as well where the system does not show it. Never rejects. */
  async hasBytes(connection: TcpConnection): Promise<boolean> {
    if (!this.areKnown) return false;
    this.#reading ??= readTables().finally(() => {
      this.#reading = undefined;
    });
    return (await this.#reading).has(keyOf(connection));
  }
}

async function readTables(): Promise<ReadonlySet<string>> {
  const texts = await Promise.all(tables.map((table) => readFile(table, "latin1").catch(() => "")));
  return new Set(texts.flatMap(connectionsWithBytes).map(keyOf));
}

/** The connections of a table that have bytes in their receive queues. */
export function connectionsWithBytes(table: string): readonly TcpConnection[] {
  return Array.from(table.matchAll(row), ([, localPort = "", address = "", port = ""]) => ({
    localPort: Number.parseInt(localPort, 16),
    peerAddress: addressOf(Buffer.from(address, "hex")),
    peerPort: Number.parseInt(port, 16),
  }));
}

/** The kernel writes an address as words of 32 bits in the byte order of the machine. */
function addressOf(words: Buffer): string {
  const bytes = endianness() === "LE" ? words.swap32() : words;
  if (bytes.length === 4) return bytes.join(".");
  return bytes.toString("hex").replaceAll(/(.{4})(?!$)/g, "$1:");
}

function keyOf({ localPort, peerAddress, peerPort }: TcpConnection): string {
  return `${localPort} ${peerPort} ${canonicalAddress(peerAddress) ?? peerAddress}`;
}
