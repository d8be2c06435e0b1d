import { describe, expect, test } from "bun:test";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { HocuspocusClients, kinds, saved } from "../support/clients/hocuspocus-clients.ts";
import { synced, TestClients } from "../support/clients/providers.ts";
import { eventually } from "../support/eventually.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

interface Person {
  readonly doc: Y.Doc;
  readonly text: Y.Text;
  readonly awareness: Awareness;
  /** Resolves when the provider is synced. */
  synced(): Promise<void>;
}

interface People extends AsyncDisposable {
  join(document: string): Person;
}

function yWebsocketPeople(wsUrl: string): People {
  const clients = new TestClients();
  return {
    join: (document) => {
      const client = clients.connect(wsUrl, document);
      const { doc, text, provider } = client;
      return { doc, text, awareness: provider.awareness, synced: () => synced(client) };
    },
    [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose](),
  };
}

function hocuspocusPeople(kind: (typeof kinds)[number], wsUrl: string): People {
  const clients = new HocuspocusClients(kind, wsUrl);
  return {
    join: (document) => {
      const client = clients.attach(document);
      const { doc, text, provider } = client;
      if (provider.awareness === null) throw new TypeError("a provider without awareness");
      return { doc, text, awareness: provider.awareness, synced: () => saved(client) };
    },
    [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose](),
  };
}

const protocols: readonly (readonly [label: string, open: (wsUrl: string) => People])[] = [
  ["y-websocket", yWebsocketPeople],
  ...kinds.map((kind) => [`Hocuspocus ${kind.label}`, (wsUrl: string) => hocuspocusPeople(kind, wsUrl)] as const),
];

describe.each(protocols)("%s", (_, open) => {
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
