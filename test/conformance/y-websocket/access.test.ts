import { describe, expect, test } from "bun:test";
import { clockToleranceMs } from "../../../src/auth/clock-tolerance.ts";
import { revoke, secret, tokenFor } from "../../support/bytes/tokens.ts";
import { converged, synced, type TestClient, TestClients } from "../../support/clients/providers.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { eventually, pause } from "../../support/eventually.ts";
import {
  startTestServer,
  type TestServer,
  type TestServerOptions,
  temporaryFolder,
} from "../../support/servers/start-test-server.ts";

const start = (options: TestServerOptions = {}): Promise<TestServer> =>
  startTestServer({ ...options, auth: { mode: "token", secrets: [secret] } });

/** The close codes of the provider's connections, in order; the list grows. */
function closings({ provider }: TestClient): readonly number[] {
  const codes: number[] = [];
  provider.on("connection-close", (event) => codes.push(event?.code ?? 0));
  return codes;
}

describe("y-websocket with tokens", () => {
  test("lets in clients that may write or read, and sends a reader only the updates of writers", async () => {
    await using server = await start();
    await using clients = new TestClients();
    const writer = clients.connectWith(await tokenFor({ "notes/*": "write" }), server.wsUrl, "notes/1");
    const reader = clients.connectWith(await tokenFor({ "notes/**": "read" }), server.wsUrl, "notes/1");
    await Promise.all([writer, reader].map(synced));
    writer.text.insert(0, "written");
    await eventually("read", () => reader.text.toString() === "written");
    reader.text.insert(0, "not ");
    writer.text.insert(7, " more");
    await eventually("read more", () => reader.text.toString() === "not written more");
    expect(writer.text.toString()).toBe("written more");
    expect(reader.provider.wsconnected).toBe(true);
  });

  test("stops a client with an invalid token for good, and reports the reason", async () => {
    await using server = await start();
    await using clients = new TestClients();
    const expired = clients.connectWith(await tokenFor({ r: "write" }, { exp: 1 }), server.wsUrl, "r");
    const elsewhere = clients.connectWith(await tokenFor({ other: "write" }), server.wsUrl, "r");
    const [expiredCodes, elsewhereCodes] = [closings(expired), closings(elsewhere)];
    let stopped = 0;
    for (const { provider } of [expired, elsewhere]) provider.on("closed", () => (stopped += 1));
    await eventually("both are closed", () => stopped === 2);
    // The pause is ten times the client's longest wait between two attempts.
    await pause(2_000);
    expect([expiredCodes, elsewhereCodes, stopped]).toEqual([[4401], [4403], 2]);
    expect([expired.provider.synced, elsewhere.provider.synced]).toEqual([false, false]);
    const raw = await RawClient.connect(`${server.wsUrl}/sync/r?token=garbage`);
    await eventually("closed", () => raw.closed !== undefined);
    expect(raw.denials).toEqual(["unauthorized: not a JSON Web Token (JWT)"]);
    expect(raw.frames).toHaveLength(1);
  });

  test("accepts a token from a subprotocol or a header as well", async () => {
    await using server = await start();
    const token = await tokenFor({ r: "write" });
    const clients = [
      await RawClient.connect(`${server.wsUrl}/sync/r`, { protocols: ["yurt", token] }),
      await RawClient.connect(`${server.wsUrl}/sync/r`, { protocols: [token] }),
      await RawClient.connect(`${server.wsUrl}/sync/r`, { headers: { authorization: `Bearer ${token}` } }),
    ];
    for (const client of clients) await client.sync();
    expect(clients.map(({ socket }) => socket.protocol)).toEqual(["yurt", token, ""]);
    for (const client of clients) await client.close();
  });

  test("ends a permission when its token expires, and resumes with a new token", async () => {
    await using server = await start();
    await using clients = new TestClients();
    const expiresAt = Date.now() + 1_500;
    const brief = clients.connectWith(
      await tokenFor({ r: "write" }, { exp: (expiresAt - clockToleranceMs) / 1_000 }),
      server.wsUrl,
      "r",
    );
    const other = clients.connectWith(await tokenFor({ r: "write" }), server.wsUrl, "r");
    await Promise.all([brief, other].map(synced));
    brief.text.insert(0, "before, ");
    await converged([brief, other]);
    const codes = closings(brief);
    await eventually("closed", () => codes.length > 0);
    expect(Date.now() - expiresAt).toBeGreaterThanOrEqual(-5);
    expect(Date.now() - expiresAt).toBeLessThan(1_000);
    expect([codes[0], other.provider.wsconnected]).toEqual([4501, true]);
    // It has returned with the old token, which stops it.
    await eventually("closed for good", () => codes.length > 1);
    expect(codes).toEqual([4501, 4401]);
    brief.text.insert(8, "meanwhile");
    brief.provider.params = { token: await tokenFor({ r: "write" }) };
    brief.provider.connect();
    await converged([brief, other]);
    expect(other.text.toString()).toBe("before, meanwhile");
  });

  test("ends a revoked permission within a second, and no other, even after a restart", async () => {
    const dataFolder = await temporaryFolder();
    const ann = await tokenFor({ "**": "write" }, { sub: "ann", jti: "ann's", iat: Date.now() / 1_000 - 5 });
    const bob = await tokenFor({ "**": "write" }, { sub: "bob", jti: "bob's" });
    {
      await using server = await start({ dataFolder });
      await using clients = new TestClients();
      const [annHere, annThere, bobHere, bobThere] = [
        clients.connectWith(ann, server.wsUrl, "here"),
        clients.connectWith(ann, server.wsUrl, "there"),
        clients.connectWith(bob, server.wsUrl, "here"),
        clients.connectWith(bob, server.wsUrl, "there"),
      ];
      await Promise.all([annHere, annThere, bobHere, bobThere].map(synced));
      const codes = [annHere, annThere, bobHere, bobThere].map(closings);
      const revokedAt = Date.now();
      expect(await revoke(server.url, { user: "ann" })).toMatchObject({ ended: 2 });
      await eventually("ended", () => codes[0]?.length === 1 && codes[1]?.length === 1);
      expect(Date.now() - revokedAt).toBeLessThan(1_000);
      await revoke(server.url, { room: "he*", user: "bob" });
      await eventually("ended as well", () => codes[2]?.length === 1);
      expect(codes).toEqual([[4401], [4401], [4401], []]);
    }
    await using server = await start({ dataFolder });
    const denials = async (token: string, room: string) => {
      const client = await RawClient.connect(`${server.wsUrl}/sync/${room}?token=${token}`);
      await eventually("let in, or closed", () => client.closed !== undefined || client.frames.length > 0);
      await client.close();
      return client.denials;
    };
    expect(await denials(ann, "there")).toEqual(["unauthorized: permission revoked"]);
    expect(await denials(bob, "here")).toEqual(["unauthorized: permission revoked"]);
    expect(await denials(bob, "there")).toEqual([]);
    expect(await denials(await tokenFor({ "**": "write" }, { sub: "ann" }), "there")).toEqual([]);
  });
});
