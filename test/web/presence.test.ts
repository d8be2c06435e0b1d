import { describe, expect, test } from "bun:test";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import * as Y from "yjs";
import { Presence } from "../../src/web/demo/people/presence.ts";
import { RoomAwareness } from "../../src/web/demo/people/room-awareness.ts";
import { type AwarenessBytes, awarenessBytes } from "../support/hostile/awareness-bytes.ts";

const ann: AwarenessBytes = { clientId: 1, clock: 1, json: '{"user":{"name":"Ann"}}' };
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

describe("the awareness of the room", () => {
  const open = () => {
    const doc = new Y.Doc();
    return new RoomAwareness(doc);
  };

  test("keeps this window's state when another one claims its id", () => {
    const awareness = open();
    awareness.setLocalState({ user: { name: "Ann" } });
    const json = '{"user":{"name":"Mallory"}}';
    applyAwarenessUpdate(awareness, awarenessBytes({ clientId: awareness.clientID, clock: 50, json }), "elsewhere");
    expect(awareness.getLocalState()).toEqual({ user: { name: "Ann" } });
    awareness.setLocalStateField("cursor", null);
    expect(awareness.getLocalState()).toEqual({ user: { name: "Ann" }, cursor: null });
    expect(awareness.meta.get(awareness.clientID)?.clock).toBe(51);
    awareness.destroy();
  });

  test("holds no state that cannot be compared or sent on", () => {
    const awareness = open();
    for (const clock of [1, 2]) {
      applyAwarenessUpdate(awareness, awarenessBytes({ clientId: 2, clock, json: nested(4_000) }, ann), "elsewhere");
    }
    expect(awareness.getStates().get(2)).toEqual({});
    expect(awareness.getStates().get(1)).toEqual({ user: { name: "Ann" } });
    const sentOn = encodeAwarenessUpdate(awareness, [...awareness.getStates().keys()]);
    const other = new Awareness(new Y.Doc());
    applyAwarenessUpdate(other, sentOn, "elsewhere");
    expect(other.getStates().get(1)).toEqual({ user: { name: "Ann" } });
    for (const each of [awareness, other]) each.destroy();
  });

  test("holds states of the depth and size of real ones", () => {
    const awareness = open();
    const drawing = Array.from({ length: 300 }, (_, index) => [index, index]);
    const position = { type: null, tname: "text", item: { client: 1, clock: 2 }, assoc: 0 };
    const state = { user: { name: "Ann" }, cursor: { anchor: position, head: position }, drawing };
    const json = JSON.stringify(state);
    applyAwarenessUpdate(awareness, awarenessBytes({ clientId: 2, clock: 1, json }), "elsewhere");
    expect(awareness.getStates().get(2)).toEqual(state);
    awareness.destroy();
  });

  test.each(["5", '"text"', "[]", "true", JSON.stringify({ drawing: Array.from({ length: 10_001 }, () => 0) })])(
    "holds an empty state in place of %.40s",
    (json) => {
      const awareness = open();
      applyAwarenessUpdate(awareness, awarenessBytes({ clientId: 2, clock: 1, json }), "elsewhere");
      expect(awareness.getStates().get(2)).toEqual({});
      awareness.destroy();
    },
  );

  test("sends the states of other programs on unchanged", () => {
    const awareness = open();
    const json = '{"user":{"name":5,"color":"red"},"anything":[{"else":true}]}';
    applyAwarenessUpdate(awareness, awarenessBytes({ clientId: 2, clock: 1, json }), "elsewhere");
    expect(encodeAwarenessUpdate(awareness, [2])).toEqual(awarenessBytes({ clientId: 2, clock: 1, json }));
    awareness.destroy();
  });
});

describe("the presence in the room", () => {
  test("follows the awareness, this window first", () => {
    const awareness = new RoomAwareness(new Y.Doc());
    const presence = new Presence(awareness);
    let notices = 0;
    const unsubscribe = presence.subscribe(() => {
      notices += 1;
    });
    const names = () => presence.people.map(({ name }) => name);
    awareness.setLocalState({ user: { name: "Own" } });
    applyAwarenessUpdate(awareness, awarenessBytes(ann), "elsewhere");
    expect(names()).toEqual(["Own", "Ann"]);
    expect(presence.own.name).toBe("Own");
    applyAwarenessUpdate(awareness, awarenessBytes({ ...ann, clock: 2, json: '{"user":{"name":"Bea"}}' }), "elsewhere");
    expect(names()).toEqual(["Own", "Bea"]);
    applyAwarenessUpdate(awareness, awarenessBytes({ ...ann, clock: 3, json: "null" }), "elsewhere");
    expect(names()).toEqual(["Own"]);
    expect(notices).toBe(4);
    unsubscribe();
    awareness.destroy();
  });

  test("shows 200 people and counts the rest, who take the places of those who leave", () => {
    const awareness = new RoomAwareness(new Y.Doc());
    const presence = new Presence(awareness);
    const crowd = Array.from({ length: 9_000 }, (_, index) => ({ clientId: index + 1, clock: 1, json: "{}" }));
    applyAwarenessUpdate(awareness, awarenessBytes(...crowd), "elsewhere");
    expect([presence.people.length, presence.hiddenCount]).toEqual([200, 8_801]);
    const leaving = crowd.slice(0, 8_900).map((entry) => ({ ...entry, clock: 2, json: "null" }));
    applyAwarenessUpdate(awareness, awarenessBytes(...leaving), "elsewhere");
    expect([presence.people.length, presence.hiddenCount]).toEqual([101, 0]);
    awareness.destroy();
  });

  test("keeps those who are removed while this window has no connection as lost, and those who leave not", () => {
    const awareness = new RoomAwareness(new Y.Doc());
    let isReachable = true;
    const presence = new Presence(awareness, () => isReachable);
    const bob = { ...ann, clientId: 2, json: '{"user":{"name":"Bob"}}' };
    applyAwarenessUpdate(awareness, awarenessBytes(ann, bob), "elsewhere");
    applyAwarenessUpdate(awareness, awarenessBytes({ ...bob, clock: 2, json: "null" }), "elsewhere");
    expect(presence.lost).toEqual([]);
    const before = awareness.meta.get(1)?.lastUpdated ?? 0;
    isReachable = false;
    removeAwarenessStates(awareness, [1], "the connection is lost");
    expect(presence.lost.map(({ name, lastSeenAt }) => [name, lastSeenAt])).toEqual([["Ann", before]]);
    isReachable = true;
    applyAwarenessUpdate(awareness, awarenessBytes({ ...ann, clock: 2 }), "elsewhere");
    expect([presence.lost.length, presence.people.some(({ name }) => name === "Ann")]).toEqual([0, true]);
    awareness.destroy();
  });
});
