/** Faults that users of other servers have reported, each with its source, tried with the real provider. */
import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { mintToken } from "../../../src/auth/token/mint-token.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import {
  type HocuspocusClient,
  HocuspocusClients,
  type Kind,
  kinds,
  saved,
} from "../../support/clients/hocuspocus-clients.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const secret = "a secret of at least thirty-two characters";
const mintFor = (room: string): Promise<string> =>
  mintToken({
    secret,
    rooms: new Map([[room, "write"]]),
    user: "ann",
    isAdmin: false,
    lifetimeMs: 600_000,
    clock: systemClock,
  });

const current = kinds.filter(({ version }) => version === 4);

/** Cuts the connection, if there is one, without a close frame, as a lost network does. */
function cut({ socket }: HocuspocusClient): void {
  (socket.webSocket as unknown as { terminate(): void } | null)?.terminate();
}

async function haveText(clients: readonly HocuspocusClient[], text: string): Promise<void> {
  await eventually(`the text ${JSON.stringify(text)}`, () =>
    clients.every((client) => client.text.toString() === text),
  );
}

describe.each([...kinds])("providers of version $label", (kind: Kind) => {
  // hocuspocus#825: after timeouts and lost packets the count never returned to 0.
  test("lose no edit in ten cuts, and count no unsynced changes afterwards", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const [writer, reader] = await clients.attachAll(2, "cuts");
    let expected = "";
    for (let round = 0; round < 10; round += 1) {
      for (const letter of "abcde") {
        writer.text.insert(writer.text.length, letter);
        expected += letter;
      }
      cut(writer);
      writer.text.insert(writer.text.length, String(round));
      expected += round;
      await pause(20 * (round % 4));
    }
    await haveText([reader], expected);
    // Version 2 itself never resets its count when it connects again.
    if (kind.version > 2) await saved(writer);
  });

  // hocuspocus#782: edits were not sent after `disconnect` and `connect`.
  test("send their edits after disconnect and connect", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const [writer, reader] = await clients.attachAll(2, "hidden-tab");
    for (let round = 0; round < 3; round += 1) {
      writer.socket.disconnect();
      await eventually("disconnected", () => writer.socket.status === "disconnected");
      writer.text.insert(0, "offline ");
      await writer.socket.connect();
      await saved(writer);
      writer.text.insert(0, "online ");
      await saved(writer);
    }
    await haveText([reader], "online offline ".repeat(3));
  });
});

describe.each([...current])("providers of version $label", (kind: Kind) => {
  // hocuspocus#760: React's strict mode mounts, unmounts and mounts again at once.
  test("sync when they are destroyed and created again at once, for the same document object", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const doc = new Y.Doc();
    clients.attach("strict", { doc }).provider.destroy();
    const mounted = clients.attach("strict", { doc });
    const [other] = await clients.attachAll(1, "strict");
    mounted.text.insert(0, "typed after the second mount");
    await saved(mounted);
    await haveText([other], "typed after the second mount");
  });

  // hocuspocus#1002: after some quick switches between documents every authentication failed.
  test("switch between documents sixty times over one socket", async () => {
    await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const socket = clients.openSocket();
    for (let visit = 0; visit < 60; visit += 1) {
      const name = `page-${visit % 3}`;
      const client = clients.attach(name, { socket, token: await mintFor(name) });
      client.text.insert(0, ".");
      // Every third visit is left before anything was answered.
      if (visit % 3 !== 0) await saved(client);
      expect(client.failures).toEqual([]);
      client.provider.destroy();
    }
    const reader = clients.attach("page-1", { socket, token: await mintFor("page-1") });
    await saved(reader);
    expect(reader.text.toString()).toBe(".".repeat(20));
    expect(reader.failures).toEqual([]);
  });
});

describe.each([...kinds.filter(({ version }) => version > 2)])("providers of version $label", (kind: Kind) => {
  // hocuspocus#944: after a bad token, a good one for the same document on the same socket was not accepted.
  test("enter with a good token after another provider's bad one for the same document on the same socket", async () => {
    await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const socket = clients.openSocket();
    const refused = clients.attach("door", { socket, token: "not a token" });
    await eventually("refused", () => refused.failures.length > 0);
    refused.provider.destroy();
    const welcome = clients.attach("door", { socket, token: await mintFor("door") });
    welcome.text.insert(0, "in");
    await saved(welcome);
    expect(welcome.failures).toEqual([]);
  });
});
