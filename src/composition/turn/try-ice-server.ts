import { isIP } from "node:net";
import { formatIpAddress } from "../../lib/address/ip-address.ts";
import { parseServerUrl, type ServerUrl } from "../../turn/client/server-url.ts";
import { type ConnectOptions, connectTurn } from "../../turn/client/sockets/connect-turn.ts";
import type { TurnClient } from "../../turn/client/turn-client.ts";
import { TurnError, TurnTimeout } from "../../turn/client/turn-failure.ts";
import type { TurnCredential } from "../../turn/credentials/credentials.ts";

/** The result of using a STUN or TURN server as a client does. */
export type IceServerTrial =
  /** The server works. `mapped`: this machine's address as the server sees it. `relay`: the measurement through TURN. */
  | { readonly outcome: "works"; readonly mapped: string; readonly relay?: RelayTrial }
  /** The server does not answer, or cannot be connected to. */
  | { readonly outcome: "silent"; readonly reason: string }
  /** The server answers with an error of STUN, such as 401. */
  | { readonly outcome: "refuses"; readonly code: number }
  /** Both clients have an allocation, but no data arrives from one to the other. */
  | { readonly outcome: "loses"; readonly relayed: string };

/** The reason of a silent server whose name cannot be resolved. */
export const unknownName = "its name is not in DNS";

export interface RelayTrial {
  /** The relayed address, without its port. */
  readonly relayed: string;
  /** From one client through TURN to another one and back. */
  readonly roundTripMs: number;
}

export interface IceServerTrialOptions {
  readonly credential?: TurnCredential | undefined;
  /** The host to connect to instead of that of the URL. */
  readonly host?: string | undefined;
  /** The time for each step. */
  readonly timeoutMs: number;
}

/**
 * Asks a server for this machine's address. Through a TURN server, it also sends data to a second allocation of its own
 * and back. Never rejects.
 */
export async function tryIceServer(url: string, options: IceServerTrialOptions): Promise<IceServerTrial> {
  const server = parseServerUrl(url);
  if (server === undefined) return { outcome: "silent", reason: "it is no URL of a STUN or TURN server" };
  const clients: TurnClient[] = [];
  try {
    const connect = async (received?: Received) => {
      const client = await connectTurn({ ...server, ...options, ...wayTo(server, options), received });
      clients.push(client);
      return client;
    };
    return await (server.kind === "stun" ? ask(connect) : loop(connect, options.timeoutMs));
  } catch (error) {
    return error instanceof TurnError
      ? { outcome: "refuses", code: error.code }
      : { outcome: "silent", reason: describe(error, options) };
  } finally {
    for (const client of clients) client.close();
  }
}

type Received = ConnectOptions["received"];
type Connect = (received?: Received) => Promise<TurnClient>;

/** The certificate must have the name of the URL, not of `host`. A TLS server name is no address (RFC 6066 §3). */
function wayTo(
  { host: named }: ServerUrl,
  { host = named }: IceServerTrialOptions,
): Pick<ConnectOptions, "host" | "trust"> {
  return { host, trust: isIP(named) === 0 ? { serverName: named } : {} };
}

function describe(error: unknown, { timeoutMs }: IceServerTrialOptions): string {
  if (error instanceof TurnTimeout) return `no answer within ${timeoutMs / 1_000} s`;
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes("ECONNREFUSED")) return "nothing listens there";
  if (text.includes("ENOTFOUND")) return unknownName;
  return text.replace(/\.$/, "");
}

async function ask(connect: Connect): Promise<IceServerTrial> {
  const { ip } = await (await connect()).binding();
  return { outcome: "works", mapped: formatIpAddress(ip) };
}

/** A datagram may be lost on both sides of the server, so it is sent again. */
const repeatMs = 200;

async function loop(connect: Connect, timeoutMs: number): Promise<IceServerTrial> {
  const { promise: returned, resolve } = Promise.withResolvers<true>();
  const payload = crypto.getRandomValues(new Uint8Array(16));
  // The far end echoes every datagram.
  const far: TurnClient = await connect((ip, port, bytes) => far.send(ip, port, bytes));
  const near = await connect((_ip, _port, bytes) => {
    if (Buffer.from(bytes).equals(payload)) resolve(true);
  });
  const [from, to] = [await near.allocate(), await far.allocate()];
  try {
    await Promise.all([near.createPermission(to.relayed.ip), far.createPermission(from.relayed.ip)]);
    const relayed = formatIpAddress(from.relayed.ip);
    for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += repeatMs) {
      const begun = performance.now();
      near.send(to.relayed.ip, to.relayed.port, payload);
      if (await Promise.race([returned, Bun.sleep(repeatMs)])) {
        const relay = { relayed, roundTripMs: performance.now() - begun };
        return { outcome: "works", mapped: formatIpAddress(from.mapped.ip), relay };
      }
    }
    return { outcome: "loses", relayed };
  } finally {
    // Otherwise, allocations over UDP would stay until they expire.
    await Promise.allSettled([near.refresh(0), far.refresh(0)]);
  }
}
