import { beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:tls";
import { describeWire } from "../../contract/channel.ts";
import { eventually } from "../../support/eventually.ts";
import { type IssuedCertificate, TestAuthority } from "../../support/https/test-authority.ts";
import { join, listen } from "../../support/servers/test-listener.ts";

const authority = await TestAuthority.create();
let certificates: readonly [IssuedCertificate, IssuedCertificate];
beforeAll(async () => {
  certificates = [await authority.issue(["first.test", "127.0.0.1"]), await authority.issue(["second.test"])];
});

const encrypted = (compatibilityPorts: readonly number[] = []) =>
  listen({ encryption: { certificate: certificates[0] } }, {}, compatibilityPorts);

/** The name on the certificate that a new connection gets; the error's code when there is none. */
async function nameAt(port: number, host = "127.0.0.1"): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ port, host, rejectUnauthorized: false }, () => {
    resolve(String(socket.getPeerCertificate().subject.CN));
    socket.destroy();
  });
  socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
  return promise;
}

describeWire("over WebSockets with TLS, the first one to a server with a former certificate", () => {
  const server = encrypted();
  const connect = async () => {
    const { socket, heard } = await join(server.url);
    const greeting = crypto.randomUUID();
    socket.send(greeting);
    await eventually("greeted", () => server.events.includes(`receive ${greeting}`));
    const connection = server.heardFrom.get(greeting);
    if (connection === undefined) throw new Error("no connection was greeted");
    const leave = async () => {
      socket.close();
      await eventually("gone", () => !connection.isOpen);
    };
    if (server.connections.length === 1) server.listener.replaceCertificate(certificates[1]);
    return { connection, received: heard, leave };
  };
  // A handshake that is under way when the certificate is replaced would have to be repeated.
  let last: Promise<unknown> = Promise.resolve();
  return {
    openChannel: server.channels.open,
    connect: () => {
      const next = last.then(connect);
      last = next;
      return next;
    },
    close: async () => server[Symbol.asyncDispose](),
  };
});

describe("a certificate that is replaced", () => {
  test("is used for new connections on every port, and open ones stay", async () => {
    await using server = encrypted([0]);
    const { listener, channels } = server;
    const ports = [listener.port, ...listener.compatibilityPorts];
    const clients = await Promise.all(Array.from({ length: 20 }, () => join(server.url)));
    expect(await Promise.all(ports.map((port) => nameAt(port)))).toEqual(["first.test", "first.test"]);
    listener.replaceCertificate(certificates[1]);
    expect([listener.port, ...listener.compatibilityPorts]).toEqual(ports);
    const names = await Promise.all(ports.flatMap((port) => Array.from({ length: 10 }, () => nameAt(port))));
    expect(new Set(names)).toEqual(new Set(["second.test"]));
    const [later] = [await join(server.url)];
    for (const { socket } of [...clients, later]) socket.send("still here");
    await eventually(
      "all are heard",
      () => server.events.filter((event) => event === "receive still here").length === 21,
    );
    const channel = channels.open();
    for (const connection of server.connections) channel.join(connection);
    channel.publish("to all");
    await eventually("all have heard", () => [...clients, later].every(({ heard }) => heard.includes("to all")));
    expect([...clients, later].map(({ closed }) => closed)).toEqual(Array(21).fill(undefined));
    for (const { socket } of [...clients, later]) socket.close();
  });

  test("is published to by no more servers than have connections", async () => {
    await using server = encrypted();
    const client = await join(server.url);
    server.listener.replaceCertificate(certificates[1]);
    server.listener.replaceCertificate(certificates[0]);
    await eventually("the one between has ended", () => server.channels.servers.size === 2);
    client.socket.close();
    await eventually("the first one has ended", () => server.channels.servers.size === 1);
  });

  test("that cannot be used leaves the former one", async () => {
    await using server = encrypted();
    const { port } = server.listener;
    const mixed = { chain: certificates[0].chain, privateKey: certificates[1].privateKey };
    expect(() => server.listener.replaceCertificate(mixed)).toThrow();
    expect([await nameAt(port), server.channels.servers.size]).toEqual(["first.test", 1]);
  });

  test("does not keep the server from closing all connections", async () => {
    const server = encrypted();
    const clients = [await join(server.url)];
    server.listener.replaceCertificate(certificates[1]);
    clients.push(await join(server.url));
    await server[Symbol.asyncDispose]();
    await eventually("both are closed", () => clients.every(({ closed }) => closed !== undefined));
    expect(clients.map(({ closed }) => closed?.code)).toEqual([1012, 1012]);
    server.listener.replaceCertificate(certificates[0]);
    expect(await nameAt(server.listener.port)).toBe("ECONNREFUSED");
  });
});

test("a port is not shared with a second server, of whatever kind", async () => {
  await using server = encrypted();
  const inUse = expect.objectContaining({ code: "EADDRINUSE", port: server.listener.port });
  for (const encryption of [undefined, { certificate: undefined }, { certificate: certificates[1] }]) {
    expect(() => listen({ port: server.listener.port, encryption })).toThrow(inUse);
  }
  await using plain = listen();
  expect(() => listen({ port: plain.listener.port, encryption: { certificate: certificates[0] } })).toThrow(
    expect.objectContaining({ code: "EADDRINUSE" }),
  );
});

test("a server without a certificate holds its port, and serves nobody", async () => {
  await using server = listen({ encryption: { certificate: undefined } });
  const { listener, channels } = server;
  const { port } = listener;
  expect(() => listen({ port })).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
  expect((await fetch(`http://127.0.0.1:${port}/test`)).status).toBe(503);
  expect([await nameAt(port), channels.servers.size]).not.toContain("first.test");
  listener.replaceCertificate(certificates[0]);
  expect([await nameAt(port), listener.port, channels.servers.size]).toEqual(["first.test", port, 1]);
  const client = await join(server.url);
  expect(server.events).toEqual(["open"]);
  client.socket.close();
});

test("a client that knows the authority's root trusts the server", async () => {
  await using server = encrypted();
  expect(server.listener.url).toBe(`https://127.0.0.1:${server.listener.port}`);
  const response = await fetch(`${server.listener.url}/page`, { tls: { ca: authority.root } });
  expect(await response.text()).toBe("http /page");
  await expect(fetch(`${server.listener.url}/page`)).rejects.toThrow(/certificate/i);
});
