import { expect, setDefaultTimeout, test } from "bun:test";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { converged, synced, type TestClient, TestClients } from "../support/clients/providers.ts";
import { eventually } from "../support/eventually.ts";
import { NetworkPath } from "../support/servers/network-path.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

// Clients give up after 30 s without a whole message. These links are faster than those on which that happens, so that
// the tests are short; `npm run torture -- slow-link` takes as long as it takes.

setDefaultTimeout(60_000);

const bytesPerSecond = 400_000;

/** A client behind a slow link that measures the longest time without a message, and counts its connections. */
interface Listener {
  readonly doc: Y.Doc;
  readonly isSynced: () => boolean;
  readonly connections: () => number;
  readonly longestGapMs: () => number;
  readonly end: () => void;
}

function listenByYWebsocket({ wsUrl }: NetworkPath, name = "doc"): Listener {
  const doc = new Y.Doc();
  const gaps = new Gaps();
  let connections = 0;
  const provider = new WebsocketProvider(`${wsUrl}/sync`, name, doc, { disableBc: true });
  provider.on("status", ({ status }: { status: string }) => {
    if (status !== "connected") return;
    connections += 1;
    provider.ws?.addEventListener("message", gaps.received);
  });
  return {
    doc,
    isSynced: () => provider.synced,
    connections: () => connections,
    longestGapMs: () => gaps.longestMs,
    end: () => provider.destroy(),
  };
}

function listenByHocuspocus({ wsUrl }: NetworkPath): Listener {
  const doc = new Y.Doc();
  const gaps = new Gaps();
  let connections = 0;
  const websocketProvider = new HocuspocusProviderWebsocket({
    url: `${wsUrl}/collab`,
    onOpen: () => {
      connections += 1;
    },
    onMessage: gaps.received,
  });
  const provider = new HocuspocusProvider({ websocketProvider, name: "doc", document: doc });
  provider.attach();
  return {
    doc,
    isSynced: () => provider.isSynced,
    connections: () => connections,
    longestGapMs: () => gaps.longestMs,
    end: () => {
      provider.destroy();
      websocketProvider.destroy();
    },
  };
}

class Gaps {
  longestMs = 0;
  #lastAt = performance.now();

  readonly received = (): void => {
    const now = performance.now();
    this.longestMs = Math.max(this.longestMs, now - this.#lastAt);
    this.#lastAt = now;
  };
}

/** Two people write by turns, 2.5 MB. */
function writePlain(doc: Y.Doc): void {
  const other = new Y.Doc();
  for (let round = 0; round < 400; round += 1) {
    const [from, to] = round % 2 === 0 ? [doc, other] : [other, doc];
    const text = from.getText("text");
    from.transact(() => {
      for (let part = 0; part < 100; part += 1)
        text.insert((round * 31 + part * 7) % (text.length + 1), "some more words ".repeat(3));
    });
    Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)));
  }
}

function writeSmall(doc: Y.Doc): void {
  doc.getText("text").insert(0, "some more words ".repeat(15_000));
}

/** Two people write and format by turns. */
function writeRich(doc: Y.Doc): void {
  const other = new Y.Doc();
  for (let round = 0; round < 400; round += 1) {
    const [from, to] = round % 2 === 0 ? [doc, other] : [other, doc];
    const text = from.getText("rich");
    from.transact(() => {
      for (let part = 0; part < 50; part += 1) {
        const at = (round * 31 + part * 7) % (text.length + 1);
        text.insert(at, "some more words ".repeat(4), part % 3 === 0 ? { bold: true } : {});
        if (part % 10 === 0) text.delete(at, 20);
      }
    });
    Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)));
  }
}

async function author(clients: TestClients, wsUrl: string, write: (doc: Y.Doc) => void): Promise<TestClient> {
  const doc = new Y.Doc();
  write(doc);
  const writer = clients.connect(wsUrl, "doc", doc);
  const reader = clients.connect(wsUrl, "doc");
  await Promise.all([synced(writer), synced(reader)]);
  await converged([writer, reader], 20_000);
  return writer;
}

test.each([
  // A piece takes 0.7 s, the document more than 5 s.
  ["plain text", writePlain, 2_500],
  // Pieces that stay pending are joined up to 3 s.
  ["formatted text", writeRich, 5_000],
])(
  "a large document of %s comes on the first connection with messages all the time, while others type",
  async (_, write, longestGapMs) => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const writer = await author(clients, server.wsUrl, write);
    const rich = writer.doc.getText("rich").toDelta();
    expect(Y.encodeStateAsUpdate(writer.doc).byteLength).toBeGreaterThan(1_800_000);
    const paths = [
      await NetworkPath.to(server.port, { bytesPerSecond }),
      await NetworkPath.to(server.port, { bytesPerSecond }),
    ] as const;
    const typing = setInterval(() => writer.text.insert(0, "typed "), 50);
    const listeners = [listenByYWebsocket(paths[0]), listenByHocuspocus(paths[1])];
    try {
      await eventually("both are synced", () => listeners.every(({ isSynced }) => isSynced()), 40_000);
      clearInterval(typing);
      await converged([writer, ...listeners], 20_000);
      expect(listeners.map(({ connections }) => connections())).toEqual([1, 1]);
      for (const listener of listeners) expect(listener.longestGapMs()).toBeLessThan(longestGapMs);
      // No client has repaired what it saw of it.
      expect(writer.doc.getText("rich").toDelta()).toEqual(rich);
    } finally {
      clearInterval(typing);
      for (const { end } of listeners) end();
      for (const path of paths) await path[Symbol.asyncDispose]();
    }
  },
);

test("a client that writes 15 MB in one turn keeps its connection, and the others get all of it", async () => {
  await using server = await startTestServer();
  await using clients = new TestClients();
  const [writer, reader] = await clients.connectAll(2, server.wsUrl, "doc");
  let closes = 0;
  for (const { provider } of [writer, reader]) {
    provider.on("connection-close", () => {
      closes += 1;
    });
  }
  for (let index = 0; index < 15; index += 1) writer.text.insert(0, String(index % 10).repeat(1_000_000));
  await converged([writer, reader], 30_000);
  // The writer's own updates come back last.
  const echo = clients.connect(server.wsUrl, "doc");
  await converged([writer, echo], 30_000);
  expect(closes).toBe(0);
});

test.skipIf(process.platform !== "linux")(
  "one large edit that takes longer than the server waits for an answer arrives on the first connection",
  async () => {
    await using server = await startTestServer({ limits: { idlePingMs: 1_000, pingAnswerMs: 1_000 } });
    await using path = await NetworkPath.to(server.port, { bytesPerSecond });
    await using clients = new TestClients();
    const writer = clients.connect(path.wsUrl, "doc");
    const reader = clients.connect(server.wsUrl, "doc");
    await Promise.all([synced(writer), synced(reader)]);
    let closes = 0;
    writer.provider.on("connection-close", () => {
      closes += 1;
    });
    writer.text.insert(0, "x".repeat(2_000_000));
    await converged([writer, reader], 30_000);
    expect(closes).toBe(0);
  },
);

test("readers on slow links share the memory for documents by turns, and do not keep others from joining", async () => {
  const mebibyte = 2 ** 20;
  // Space for one of the large documents, beside what is kept for small ones.
  const limits = { snapshotsBytes: 4.5 * mebibyte, snapshotBurstBytes: 1.5 * mebibyte };
  await using server = await startTestServer({ limits });
  await using clients = new TestClients();
  const names = ["large 1", "large 2", "large 3"];
  for (const [name, write] of [...names.map((each) => [each, writePlain] as const), ["small", writeSmall] as const]) {
    const doc = new Y.Doc();
    write(doc);
    const [writer, reader] = [clients.connect(server.wsUrl, name, doc), clients.connect(server.wsUrl, name)];
    await converged([writer, reader], 20_000);
  }
  await using path = await NetworkPath.to(server.port, { bytesPerSecond });
  const listeners = names.map((name) => listenByYWebsocket(path, name));
  try {
    const joinMs: number[] = [];
    while (!listeners.every(({ isSynced }) => isSynced())) {
      const startedAt = performance.now();
      await synced(clients.connect(server.wsUrl, "small"));
      joinMs.push(performance.now() - startedAt);
      await Bun.sleep(500);
    }
    expect(joinMs.length).toBeGreaterThan(8);
    expect(Math.max(...joinMs)).toBeLessThan(2_000);
    expect(listeners.map(({ connections }) => connections())).toEqual([1, 1, 1]);
  } finally {
    for (const { end } of listeners) end();
  }
});
