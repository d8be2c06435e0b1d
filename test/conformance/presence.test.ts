import { describe, expect, test } from "bun:test";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { HocuspocusClients, kinds, saved } from "../support/clients/hocuspocus-clients.ts";
import { synced, TestClients } from "../support/clients/providers.ts";
import { eventually } from "../support/eventually.ts";
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
  /** Ends the connection as a crash does: without a message, and for good. */
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
      const crash = () => {
        provider.shouldConnect = false;
        cut(provider.ws);
      };
      return { doc, text, awareness: provider.awareness, synced: () => synced(client), crash };
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
      const crash = () => {
        cut(socket.webSocket);
        socket.disconnect();
      };
      return { doc, text, awareness: provider.awareness, synced: () => saved(client), crash };
    },
    [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose](),
  };
}

const protocols: readonly (readonly [label: string, open: (wsUrl: string) => People])[] = [
  ["y-websocket", yWebsocketPeople],
  ...kinds.map((kind) => [`Hocuspocus ${kind.label}`, (wsUrl: string) => hocuspocusPeople(kind, wsUrl)] as const),
];

const sees = ({ awareness }: Person, { doc }: Person) => awareness.getStates().has(doc.clientID);

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

  test("a presence beyond its bound is dropped and logged once, and editing goes on", async () => {
    const { log, events } = recordedLog();
    await using server = await startTestServer({ log });
    await using people = open(server.wsUrl);
    const [one, other] = [people.join("bounds"), people.join("bounds")];
    await Promise.all([one.synced(), other.synced()]);
    one.awareness.setLocalState({ user: "x".repeat(70_000) });
    one.awareness.setLocalStateField("cursor", 1);
    one.text.insert(0, "still here");
    await eventually("the edit arrives", () => other.text.toString() === "still here");
    const dropped = events.filter(({ event }) => event === "message-dropped");
    expect(dropped.map(({ reason }) => reason)).toEqual(["limits.awareness-state-length"]);
    one.awareness.setLocalState({ user: "short" });
    await eventually(
      "a shorter one is shown",
      () => other.awareness.getStates().get(one.doc.clientID)?.["user"] === "short",
    );
    expect(events.filter(({ event }) => event === "session-refused" || event === "document-refused")).toEqual([]);
  });
});
