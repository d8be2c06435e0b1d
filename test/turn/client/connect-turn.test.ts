import { describe, expect, test } from "bun:test";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { createServer as createTlsServer } from "node:tls";
import { formatIpAddress, parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import { type ConnectOptions, connectTurn } from "../../../src/turn/client/sockets/connect-turn.ts";
import type { TurnClient } from "../../../src/turn/client/turn-client.ts";
import { TurnDisconnected } from "../../../src/turn/client/turn-failure.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { StreamFraming } from "../../../src/turn/message/stream-framing.ts";
import { decodeStun } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";

const host = "127.0.0.1";
const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);
const target = parseIpAddress(host);

/** The answer of a STUN server. */
function answer(request: Uint8Array, port: number): Uint8Array {
  const message = decodeStun(request);
  if (message === undefined || target === undefined) return new Uint8Array();
  return new StunWriter()
    .begin(message.method, "success", message.transactionId)
    .address(attributes.xorMappedAddress, target, port)
    .finish();
}

function serveStream(socket: Socket): void {
  const framing = new StreamFraming();
  socket.on("error", () => {});
  socket.on("data", (chunk: Uint8Array) => {
    framing.push(chunk, (message) => {
      // Two writes, so that the client has to join them.
      const bytes = answer(message, socket.remotePort ?? 0);
      socket.write(bytes.slice(0, 7));
      socket.write(bytes.slice(7));
    });
  });
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function addressOf(client: TurnClient): Promise<string> {
  const { ip, port } = await client.binding();
  client.close();
  return `${formatIpAddress(ip)} ${port}`;
}

function failureOf(connecting: Promise<unknown>): Promise<unknown> {
  return connecting.then(
    () => "success",
    (error: unknown) => error,
  );
}

describe("over UDP", () => {
  test.each(hasIpv6 ? [host, "::1"] : [host])(
    "the client learns its address from the server at %s",
    async (address) => {
      const server = await Bun.udpSocket({
        hostname: address,
        socket: {
          data(socket, bytes, port) {
            socket.send(answer(bytes, port), port, address);
          },
          error() {},
        },
      });
      const client = await connectTurn({ transport: "udp", host: address, port: server.port });
      expect(await addressOf(client)).toMatch(/^127\.0\.0\.1 \d+$/);
      server.close();
    },
  );

  test("a request to a closed port fails at once", async () => {
    const free = await Bun.udpSocket({ hostname: host, socket: { error() {} } });
    const { port } = free;
    free.close();
    const client = await connectTurn({ transport: "udp", host, port });
    expect(await failureOf(client.binding())).toBeInstanceOf(TurnDisconnected);
    client.close();
  });

  test("an unknown name fails", async () => {
    const connecting = connectTurn({ transport: "udp", host: "name.invalid", port: 3_478 });
    expect(await failureOf(connecting)).toBeInstanceOf(Error);
  });
});

describe("over TCP", () => {
  test("the client learns its address from the server", async () => {
    const server = createTcpServer(serveStream);
    const port = await listening(server);
    expect(await addressOf(await connectTurn({ transport: "tcp", host, port }))).toMatch(/^127\.0\.0\.1 \d+$/);
    server.close();
  });

  test("a request fails when the server closes the connection, or speaks another protocol", async () => {
    for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.write("HTTP/1.1 400\r\n\r\n")]) {
      const server = createTcpServer((socket) => {
        socket.on("error", () => {});
        socket.on("data", () => end(socket));
      });
      const client = await connectTurn({ transport: "tcp", host, port: await listening(server) });
      expect(await failureOf(client.binding())).toBeInstanceOf(TurnDisconnected);
      client.close();
      server.close();
    }
  });

  test("connecting to a closed port fails", async () => {
    const server = createTcpServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await failureOf(connectTurn({ transport: "tcp", host, port }))).toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("over TLS", () => {
  test("the client learns its address from a server with a certificate that it trusts, and from no other", async () => {
    const authority = await TestAuthority.create();
    const { chain, privateKey } = await authority.issue(["turn.example.org"]);
    const server = createTlsServer({ cert: chain, key: privateKey }, serveStream);
    server.on("tlsClientError", () => {});
    const options: ConnectOptions = { transport: "tls", host, port: await listening(server) };
    const trusted = { ca: authority.root, serverName: "turn.example.org" };
    expect(await addressOf(await connectTurn({ ...options, trust: trusted }))).toMatch(/^127\.0\.0\.1 \d+$/);
    expect(await addressOf(await connectTurn({ ...options, trust: { acceptsAny: true } }))).toMatch(/^127/);
    for (const trust of [undefined, { ca: authority.root, serverName: "other.example.org" }, { ca: authority.root }]) {
      expect(await failureOf(connectTurn(trust === undefined ? options : { ...options, trust }))).toBeInstanceOf(Error);
    }
    server.close();
  });
});
