import { describe, expect, test } from "bun:test";
import { HocuspocusClients, kinds, saved } from "../../support/clients/hocuspocus-clients.ts";
import { converged } from "../../support/clients/providers.ts";
import { typist } from "../../support/clients/typist.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { denied, FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { startRelayServer } from "../../support/servers/relay-server.ts";

/** The versions that stay connected after a denial. Version 2 disconnects. */
const lasting = kinds.filter(({ version }) => version > 2);

describe.each([...kinds])("a provider of version $label", (kind) => {
  test("receives the reason when it is denied", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("bad", denied);
    await using server = startRelayServer({ authorizer });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const client = clients.attach("secret", { token: "bad" });
    await eventually("denied", () => client.failures.length > 0);
    expect(client.failures[0]).toBe("unauthorized: not this token");
    expect([client.provider.isAuthenticated, client.provider.isSynced]).toEqual([false, false]);
  });

  test("is refused one document when it sends too large a frame, and keeps its others", async () => {
    await using server = startRelayServer({ authorizer: new FakeAuthorizer(), limits: { relayFrameBytes: 2_000 } });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const socket = clients.openSocket();
    const [large, small] = [clients.attach("large", { socket }), clients.attach("small", { socket })];
    await Promise.all([large, small].map(saved));
    large.text.insert(0, "x".repeat(3_000));
    await eventually("refused", () => large.failures.length > 0);
    expect(large.failures[0]).toStartWith("frame-too-large: ");
    expect(large.provider.unsyncedChanges).toBeGreaterThan(0);
    // Version 2 closes its socket when one of its documents is refused.
    if (kind.version === 2) return;
    typist(small.text, "y")(10);
    await saved(small);
    expect(socket.status).toBe("connected");
  });
});

describe.each([...lasting])("a provider of version $label", (kind) => {
  test("that is denied asks again each time that its connection has been closed for that", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("bad", denied);
    await using server = startRelayServer({ authorizer, limits: { authenticationMs: 300 } });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    let token = "bad";
    const client = clients.attach("door", { token: () => token });
    await eventually("denied again", () => client.failures.length > 1);
    typist(client.text, "waiting")(5);
    token = "good";
    await saved(client);
  });

  test("enters with a new token after a denial, over the same socket, with its edits of the meantime", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("bad", denied);
    await using server = startRelayServer({ authorizer });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    let token = "bad";
    const client = clients.attach("door", { token: () => token });
    await eventually("denied", () => client.failures.length > 0);
    typist(client.text, "waiting")(20);
    const socket = client.socket.webSocket;
    token = "good";
    await sendToken(client.provider);
    await saved(client);
    expect(client.socket.webSocket).toBe(socket);
    const fresh = clients.attach("door", { token: "good" });
    await saved(fresh);
    await converged([client, fresh]);
  });

  test.each(["authenticated", "authenticationFailed"])(
    "that sends its token at each `%s` starts no loop",
    async (event) => {
      const authorizer = new FakeAuthorizer();
      authorizer.decide("bad", denied);
      await using server = startRelayServer({ authorizer, limits: { tokenBurst: 5 } });
      await using clients = new HocuspocusClients(kind, server.wsUrl);
      const { provider } = clients.attach("loop", { token: event === "authenticated" ? "good" : "bad" });
      let events = 0;
      provider.on(event, () => {
        events += 1;
        void sendToken(provider);
      });
      await eventually("asked again", () => authorizer.requests.length > 1);
      await pause(1_000);
      // A token that changes nothing is not answered, and after the burst each denial takes a second.
      expect(authorizer.requests.length).toBeLessThan(event === "authenticated" ? 4 : 9);
      expect(events).toBeLessThan(9);
    },
  );

  test("is asked for a new token when its grant requests one", async () => {
    const authorizer = new FakeAuthorizer();
    await using server = startRelayServer({ authorizer });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    let token = "first";
    const client = clients.attach("renewed", { token: () => token });
    await saved(client);
    token = "second";
    authorizer.grants[0]?.expiring();
    await eventually("renewed", () => authorizer.requests.some((request) => request.token === "second"));
    typist(client.text, "x")(10);
    await saved(client);
    expect(client.authentications).toBe(1);
  });

  test("keeps its edits without permission to write, and sends them when it may write", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("reader", "read");
    await using server = startRelayServer({ authorizer });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const writer = clients.attach("library", { token: "writer" });
    await saved(writer);
    typist(writer.text, "w")(20);
    await saved(writer);
    let token = "reader";
    const reader = clients.attach("library", { token: () => token });
    await saved(reader);
    const doc = reader.text.toString();
    typist(reader.text, "r")(5);
    await eventually("refused", () => reader.provider.unsyncedChanges === 5);
    expect(writer.text.toString()).toBe(doc);
    token = "writer";
    await sendToken(reader.provider);
    await saved(reader);
    await converged([reader, writer]);
  });

  test("uses one document while its authorizer is slow for another", async () => {
    const authorizer = new FakeAuthorizer();
    await using server = startRelayServer({ authorizer });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const socket = clients.openSocket();
    const release = authorizer.hold();
    const slow = clients.attach("slow", { socket });
    await eventually("asked", () => authorizer.requests.length === 1);
    // Waiting documents keep their messages.
    authorizer.hold()();
    const quick = clients.attach("quick", { socket });
    typist(quick.text, "q")(10);
    await saved(quick);
    expect(slow.provider.isSynced).toBe(false);
    typist(slow.text, "s")(10);
    release();
    await saved(slow);
  });
});

async function sendToken(provider: object): Promise<void> {
  if (!("sendToken" in provider) || typeof provider.sendToken !== "function") throw new TypeError("no token to send");
  await provider.sendToken();
}
