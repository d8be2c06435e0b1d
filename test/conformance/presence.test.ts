import { describe, expect, test } from "bun:test";
import { type Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { Limits } from "../../src/composition/settings/limits.ts";
import { encodeAwareness } from "../../src/relay/awareness/awareness-codec.ts";
import { HocuspocusClients, kinds, saved } from "../support/clients/hocuspocus-clients.ts";
import { synced, TestClients } from "../support/clients/providers.ts";
import { RawClient } from "../support/clients/raw-client.ts";
import { eventually, pause } from "../support/eventually.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

/** Others see within this time that a client has come, or has crashed. */
const presenceMs = 1_000;

interface Person {
  readonly doc: Y.Doc;
  readonly text: Y.Text;
  readonly awareness: Awareness;
  /** Resolves when the provider is synced. */
  synced(): Promise<void>;
  /** Cuts the connection without a message. The client reconnects. */
  interrupt(): void;
  /** As `interrupt`, and the client never comes back. */
  crash(): void;
}

interface People extends AsyncDisposable {
  join(document: string): Person;
}

/** Bun's WebSocket can end its connection without a close frame; the type of browsers cannot. */
function cut(socket: object | null): void {
  if (socket === null || !("terminate" in socket) || typeof socket.terminate !== "function") {
    throw new TypeError("no connection to cut");
  }
  socket.terminate();
}

function yWebsocketPeople(wsUrl: string): People {
  const clients = new TestClients();
  return {
    join: (document) => {
      const client = clients.connect(wsUrl, document);
      const { doc, text, provider } = client;
      const interrupt = () => cut(provider.ws);
      const crash = () => {
        provider.shouldConnect = false;
        interrupt();
      };
      return { doc, text, awareness: provider.awareness, synced: () => synced(client), interrupt, crash };
    },
    [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose](),
  };
}

function hocuspocusPeople(kind: (typeof kinds)[number], wsUrl: string): People {
  const clients = new HocuspocusClients(kind, wsUrl);
  return {
    join: (document) => {
      const client = clients.attach(document);
      const { doc, text, provider, socket } = client;
      if (provider.awareness === null) throw new TypeError("a provider without awareness");
      const interrupt = () => cut(socket.webSocket);
      const crash = () => {
        interrupt();
        socket.disconnect();
      };
      return { doc, text, awareness: provider.awareness, synced: () => saved(client), interrupt, crash };
    },
    [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose](),
  };
}

const protocols: readonly (readonly [label: string, open: (wsUrl: string) => People])[] = [
  ["y-websocket", yWebsocketPeople],
  ...kinds.map((kind) => [`Hocuspocus ${kind.label}`, (wsUrl: string) => hocuspocusPeople(kind, wsUrl)] as const),
];

const sees = ({ awareness }: Person, { doc }: Person) => awareness.getStates().has(doc.clientID);

const isComplete = (all: readonly Person[]) => all.every((one) => all.every((other) => sees(one, other)));

/** Records the removals of a client's id that the application of another client, or its own, is told of. */
function removalsOf({ doc }: Person, { awareness }: Person): unknown[] {
  const removals: unknown[] = [];
  awareness.on("change", (change: { readonly removed: readonly number[] }) => {
    if (change.removed.includes(doc.clientID)) removals.push(change);
  });
  return removals;
}

describe.each(protocols)("%s", (_, open) => {
  test("a client that sets its presence after the sync, and crashes, is gone at once", async () => {
    await using server = await startTestServer();
    await using people = open(server.wsUrl);
    const [one, other] = [people.join("late"), people.join("late")];
    one.awareness.setLocalState(null);
    await Promise.all([one.synced(), other.synced()]);
    // By now it has been told the states of the others.
    await eventually("the other is seen", () => sees(one, other), presenceMs);
    one.awareness.setLocalState({ user: "Ada" });
    await eventually("seen", () => sees(other, one), presenceMs);
    one.crash();
    await eventually("gone", () => !sees(other, one), presenceMs);
  });

  test("no join, return or restart of the server tells an application that its own presence was removed", async () => {
    const first = await startTestServer();
    await using people = open(first.wsUrl);
    const [one, ...others] = [people.join("own"), people.join("own"), people.join("own")] as const;
    const all = [one, ...others];
    const removed = all.map((person) => removalsOf(person, person));
    // A client that is disconnected removes the others.
    const absences = removalsOf(others[0], one);
    await Promise.all(all.map((person) => person.synced()));
    // Also the presence that the constructor sets, with clock 0, is seen at once.
    await eventually("all are seen", () => isComplete(all), presenceMs);
    for (const [index, { awareness }] of all.entries()) awareness.setLocalStateField("user", `${index}`);
    one.interrupt();
    await eventually("interrupted", () => absences.length > 0, presenceMs);
    await eventually("all are seen after the return of one", () => isComplete(all));
    await first.stop();
    await eventually("all are interrupted", () => all.every((person) => !isComplete([person, ...all])));
    await using _second = await startTestServer({ port: first.port });
    await eventually("all are seen after the restart", () => isComplete(all));
    expect(removed).toEqual([[], [], []]);
  }, 30_000);

  test.each([
    ["awareness-state-length", {}, 70_000],
    ["awareness-frame-bytes", { awarenessFrameBytes: 10_000 }, 20_000],
    ["relay-frame-bytes", { relayFrameBytes: 10_000 }, 20_000],
  ] satisfies [string, Partial<Limits>, number][])(
    "a presence beyond %s is dropped and logged once, and editing goes on",
    async (bound, limits, length) => {
      const { log, events } = recordedLog();
      await using server = await startTestServer({ log, limits });
      await using people = open(server.wsUrl);
      const [one, other] = [people.join("bounds"), people.join("bounds")];
      await Promise.all([one.synced(), other.synced()]);
      one.awareness.setLocalState({ user: "x".repeat(length) });
      one.awareness.setLocalStateField("cursor", 1);
      one.text.insert(0, "still here");
      await eventually("the edit arrives", () => other.text.toString() === "still here");
      const dropped = events.filter(({ event }) => event === "message-dropped");
      expect(dropped.map(({ reason }) => reason)).toEqual([`limits.${bound}`]);
      one.awareness.setLocalState({ user: "short" });
      const shown = () => other.awareness.getStates().get(one.doc.clientID)?.["user"];
      await eventually("a shorter one is shown", () => shown() === "short");
      expect(events.filter(({ event }) => event === "session-refused" || event === "document-refused")).toEqual([]);
    },
  );
});

test("a client that brings thousands of ids is read as far as its bound, and the others see each other as before", async () => {
  await using server = await startTestServer();
  await using people = yWebsocketPeople(server.wsUrl);
  const one = people.join("crowded");
  await one.synced();
  const crowd = await RawClient.connect(`${server.wsUrl}/sync/crowded`);
  await crowd.sync();
  for (let at = 1; at <= 20; at += 1) {
    const ids = Array.from({ length: 9_000 }, (_, index) => ({ clientId: 10_000 + index, clock: at, state: "{}" }));
    crowd.send({ type: "awareness", body: encodeAwareness(ids) });
  }
  const other = people.join("crowded");
  await other.synced();
  await eventually("the people see each other", () => sees(one, other) && sees(other, one), presenceMs);
  await eventually("the ids within the bound are seen", () => one.awareness.getStates().size === 2 + 1_000);
  one.awareness.setLocalState({ user: "moved" });
  const shown = () => other.awareness.getStates().get(one.doc.clientID)?.["user"];
  await eventually("a change is seen", () => shown() === "moved", presenceMs);
  await crowd.close();
  expect(one.awareness.getStates().size).toBeLessThanOrEqual(2 + 1_000);
}, 20_000);

/** Links the clients as WebRTC does: each passes on every change, from any origin, and sends the server what it gets. */
function link(all: readonly Person[]): void {
  for (const { awareness } of all) {
    awareness.on("update", (change: Record<"added" | "updated" | "removed", number[]>) => {
      const update = encodeAwarenessUpdate(awareness, [...change.added, ...change.updated, ...change.removed]);
      for (const peer of all) {
        if (peer.awareness !== awareness) queueMicrotask(() => applyAwarenessUpdate(peer.awareness, update, "mesh"));
      }
    });
  }
}

test("a linked room of both protocols and an observer is complete after a return and a restart, and quiet then", async () => {
  const first = await startTestServer();
  await using yWebsocket = yWebsocketPeople(first.wsUrl);
  const groups = kinds.map((kind) => hocuspocusPeople(kind, first.wsUrl));
  try {
    const people = [yWebsocket, yWebsocket, ...groups].map((group) => group.join("mixed"));
    const observer = yWebsocket.join("mixed");
    observer.awareness.setLocalState(null);
    const all = [...people, observer];
    await Promise.all(all.map((person) => person.synced()));
    const isSeen = () => all.every((one) => people.every((other) => sees(one, other)));
    await eventually("all are seen", isSeen, presenceMs);
    link(all);
    for (const person of [people[0], people[2], observer]) {
      person?.interrupt();
      await eventually("all are seen after the return of one", isSeen);
    }
    await first.stop();
    await using second = await startTestServer({ port: first.port });
    await Promise.all(all.map((person) => person.synced()));
    await eventually("all are seen after the restart", isSeen);
    const watcher = await RawClient.connect(`${second.wsUrl}/sync/mixed`);
    await watcher.sync();
    // Every client has returned and has been asked to announce itself, at most once per second.
    await pause(2_500);
    const before = watcher.frames.length;
    await pause(2_000);
    expect(watcher.frames.length - before).toBeLessThanOrEqual(1);
    await watcher.close();
  } finally {
    for (const group of groups) await group[Symbol.asyncDispose]();
  }
}, 30_000);
