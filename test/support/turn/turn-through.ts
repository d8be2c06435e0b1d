import { parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import { parseServerUrl } from "../../../src/turn/client/server-url.ts";
import { connectTurn } from "../../../src/turn/client/sockets/connect-turn.ts";
import type { TlsTrust } from "../../../src/turn/client/sockets/stream-client-socket.ts";
import type { TurnClient } from "../../../src/turn/client/turn-client.ts";
import type { IceServerList } from "../../../src/turn/ice/ice-servers.ts";

const utf8 = new TextEncoder();

/** The ICE servers that the server at this URL lists for a room. */
export async function iceServersAt(url: string, token?: string): Promise<IceServerList> {
  const query = new URLSearchParams({ room: "room", ...(token !== undefined && { token }) });
  // No root of a test's authority is needed.
  const response = await fetch(`${url}/ice?${query}`, { tls: { rejectUnauthorized: false } });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  // The type of the route's answer.
  return (await response.json()) as IceServerList;
}

/** A client of TURN, with its credential; it receives one payload after the other. */
export interface OpenClient extends Disposable {
  readonly turn: TurnClient;
  /** The next payload of a peer. */
  next(): Promise<string>;
}

/** Connects to the TURN URL of the list that goes by this transport. */
export async function openTurnClient(
  { iceServers }: IceServerList,
  transport: "udp" | "tcp" | "tls",
  trust?: TlsTrust,
): Promise<OpenClient> {
  const found = iceServers.flatMap(({ urls, username, credential }) =>
    [urls].flat().flatMap((text) => {
      const url = parseServerUrl(text);
      const isWanted = url?.kind === "turn" && url.transport === transport;
      return isWanted ? [{ url, username: username ?? "", credential: credential ?? "" }] : [];
    }),
  );
  const [server] = found;
  if (server === undefined) throw new Error(`no TURN URL for ${transport}`);
  const received: string[] = [];
  let arrived = Promise.withResolvers<void>();
  const { host, port } = server.url;
  const turn = await connectTurn({
    ...{ transport, host: host === "turn.test" ? "127.0.0.1" : host, port, timeoutMs: 5_000 },
    credential: server,
    ...(trust !== undefined && { trust }),
    received: (_ip, _port, payload) => {
      received.push(new TextDecoder().decode(payload));
      arrived.resolve();
    },
  });
  return {
    turn,
    next: async () => {
      while (received.length === 0) {
        await arrived.promise;
        arrived = Promise.withResolvers();
      }
      return received.shift() ?? "";
    },
    [Symbol.dispose]: () => turn.close(),
  };
}

/** Sends a text from one client to the other and another one back, each through its own allocation. */
export async function exchange(first: OpenClient, second: OpenClient): Promise<readonly [string, string]> {
  const [one, other] = [await first.turn.allocate(), await second.turn.allocate()];
  await first.turn.createPermission(other.relayed.ip);
  await second.turn.createPermission(one.relayed.ip);
  first.turn.send(other.relayed.ip, other.relayed.port, utf8.encode("there"));
  const there = await second.next();
  second.turn.send(one.relayed.ip, one.relayed.port, utf8.encode("and back"));
  return [there, await first.next()];
}

export const loopbackIp = parseIpAddress("127.0.0.1") ?? { family: 4, word0: 0, word1: 0, word2: 0, word3: 0x7f000001 };
