import { describe, expect, test } from "bun:test";
import { applyAwarenessUpdate, encodeAwarenessUpdate, Awareness as YAwareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";

import type { Awareness } from "../../../src/relay/awareness/awareness.ts";
import { awarenessRoom, type Entries, encodeEntries } from "../../support/awareness-room.ts";

describe("awareness", () => {
  test("(a) a member is sent the known states after its first own awareness", () => {
    const { connect, take } = awarenessRoom();
    connect("a", 1, 1);
    take("a");
    connect("b", 2, 1);
    expect(take("b")[0]).toEqual([
      [1, 1, '{"of":"a"}'],
      [2, 1, '{"of":"b"}'],
    ]);
  });

  test("(a) a member without awareness of its own is sent the known states 100 ms after its first frame", () => {
    const { awareness, clock, connect, take, subscribed } = awarenessRoom();
    connect("a", 1, 1);
    awareness.joined("b");
    clock.advance(500);
    awareness.frameReceived("b");
    clock.advance(99);
    awareness.frameReceived("b");
    expect([take("b"), subscribed]).toEqual([[], ["a"]]);
    clock.advance(1);
    expect([take("b"), subscribed]).toEqual([[[[1, 1, '{"of":"a"}']]], ["a", "b"]]);
    clock.advance(10_000);
    expect(take("b")).toEqual([]);
  });

  test("(a) a silent member is sent the known states one second after it joined", () => {
    const { awareness, clock, connect, take } = awarenessRoom();
    connect("a", 1, 1);
    awareness.joined("b");
    clock.advance(1_000);
    expect(take("b")).toEqual([[[1, 1, '{"of":"a"}']]]);
  });

  test("(a) an own state that arrives late, as over a slow link, still makes its member the primary", () => {
    const { awareness, clock, say, takeBroadcasts } = awarenessRoom();
    awareness.joined("other");
    awareness.joined("a");
    clock.advance(700);
    awareness.frameReceived("a");
    say("a", [1, 1, "{}"]);
    takeBroadcasts();
    awareness.left("a");
    clock.advance(30);
    expect(takeBroadcasts()).toEqual([[[1, 1, null]]]);
  });

  test.each([
    [
      "two entries",
      [
        [1, 5, "{}"],
        [2, 5, "{}"],
      ],
    ],
    ["a removal", [[1, 5, null]]],
    ["nothing", []],
  ] satisfies [string, Entries][])("(a) a first frame with %s makes no member a primary", (_, entries) => {
    const { awareness, clock, say, take, takeBroadcasts } = awarenessRoom();
    awareness.joined("other");
    awareness.joined("a");
    say("a", ...entries);
    expect(take("a").filter((heard) => heard.some(([, , state]) => state === null))).toEqual([]);
    clock.advance(30);
    takeBroadcasts();
    awareness.left("a");
    clock.advance(30);
    expect(takeBroadcasts()).toEqual([]);
  });

  test("(a) a later lone state claims an id that nobody knows: it is removed when its member leaves", () => {
    const { awareness, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("other", "a");
    say("a", [1, 1, "{}"]);
    quiet();
    awareness.left("a");
    expect(takeBroadcasts()).toEqual([[[1, 1, null]]]);
  });

  test("(a) a first own state does not take an id from a connected member that knows a later one", () => {
    const { awareness, connect, observe, quiet, take, takeBroadcasts } = awarenessRoom();
    observe("other");
    connect("owner", 1, 5);
    connect("observer", 1, 4);
    // It has passed on an old state, or it counts anew: then it raises its clock.
    expect(take("observer").at(-1)).toEqual([[1, 5, null]]);
    quiet();
    awareness.left("observer");
    quiet();
    awareness.left("owner");
    expect(takeBroadcasts()).toEqual([[[1, 5, null]]]);
  });

  test("(a) an owner takes its id back from a newer connection that has only passed its state on", () => {
    const { awareness, clock, connect, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("other");
    connect("owner", 1, 5);
    connect("observer", 1, 5);
    say("owner", [1, 6, "{}"]);
    quiet();
    awareness.left("observer");
    clock.advance(30);
    expect(takeBroadcasts()).toEqual([]);
    awareness.left("owner");
    expect(takeBroadcasts()).toEqual([[[1, 6, null]]]);
  });

  test("(a) a client that returns without presence claims its old id with its next clock", () => {
    const { awareness, connect, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("other");
    connect("old", 1, 7);
    awareness.left("old");
    observe("new");
    say("new", [1, 9, "{}"]);
    quiet();
    awareness.left("new");
    expect(takeBroadcasts()).toEqual([[[1, 9, null]]]);
  });

  test.each([
    [
      "two entries",
      [
        [1, 5, "{}"],
        [2, 5, "{}"],
      ],
    ],
    ["a removal", [[1, 5, null]]],
    ["an old clock", [[3, 1, "{}"]]],
  ] satisfies [string, Entries][])("(a) a later update with %s claims nothing", (_, entries) => {
    const { awareness, clock, connect, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    connect("other", 9, 1);
    say("other", [3, 1, "{}"]);
    observe("a");
    say("a", ...entries);
    quiet();
    awareness.left("a");
    clock.advance(30);
    expect(takeBroadcasts()).toEqual([]);
  });

  test("(a) a member with an own id claims no other: the WebRTC peer whose state it passed on stays", () => {
    const { awareness, connect, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("other");
    connect("a", 1, 1);
    say("a", [2, 1, "{}"]);
    quiet();
    awareness.left("a");
    expect(takeBroadcasts()).toEqual([[[1, 1, null]]]);
  });

  test("(a) the owner takes its id from a member that passed its state on, with its first own state", () => {
    const { awareness, clock, connect, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("other", "observer");
    say("observer", [1, 1, "{}"]);
    connect("owner", 1, 1);
    quiet();
    awareness.left("observer");
    clock.advance(30);
    expect(takeBroadcasts()).toEqual([]);
    awareness.left("owner");
    expect(takeBroadcasts()).toEqual([[[1, 1, null]]]);
  });

  test("(a) the owner takes its id from such a member with a later state too, and the member may claim another", () => {
    const { awareness, clock, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("other", "observer", "owner");
    say("observer", [1, 1, "{}"]);
    say("owner", [1, 2, "{}"]);
    say("observer", [1, 2, "{}"]);
    say("observer", [2, 1, "{}"]);
    quiet();
    awareness.left("observer");
    expect(takeBroadcasts()).toEqual([[[2, 1, null]]]);
    clock.advance(30);
    awareness.left("owner");
    expect(takeBroadcasts()).toEqual([[[1, 2, null]]]);
  });

  test("(a) an owner whose id was removed with such a member has it again with its next announcement", () => {
    const { awareness, clock, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("other", "observer", "owner");
    say("observer", [1, 1, "{}"]);
    quiet();
    awareness.left("observer");
    expect(takeBroadcasts()).toEqual([[[1, 1, null]]]);
    clock.advance(30);
    // y-protocols answers the removal with the next clock.
    say("owner", [1, 2, "{}"]);
    expect(takeBroadcasts()).toEqual([[[1, 2, "{}"]]]);
    clock.advance(30);
    awareness.left("owner");
    expect(takeBroadcasts()).toEqual([[[1, 2, null]]]);
  });

  test.each([
    ["leaves", (awareness: Awareness<string>) => awareness.left("two")],
    [
      "removes its state at the known clock",
      (awareness) => awareness.updateReceived("two", encodeEntries([[1, 2, null]])),
    ],
  ] satisfies [string, (awareness: Awareness<string>) => void][])(
    "(a) an id that two connections announce stays when its primary %s",
    (_, end) => {
      const { awareness, clock, connect, observe, quiet, say, takeBroadcasts } = awarenessRoom();
      observe("other");
      connect("one", 1, 1);
      connect("two", 1, 1);
      say("two", [1, 2, "{}"]);
      say("one", [1, 2, "{}"]);
      quiet();
      end(awareness);
      clock.advance(30);
      expect(takeBroadcasts()).toEqual([]);
      awareness.left("one");
      expect(takeBroadcasts()).toEqual([[[1, 2, null]]]);
    },
  );

  test("(a) an older connection that no longer announces its id does not keep it", () => {
    const { awareness, clock, connect, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("other");
    connect("dead", 1, 1);
    connect("new", 1, 1);
    say("new", [1, 2, "{}"]);
    quiet();
    awareness.left("new");
    expect(takeBroadcasts()).toEqual([[[1, 2, null]]]);
    awareness.left("dead");
    clock.advance(30);
    expect(takeBroadcasts()).toEqual([]);
  });

  test("(a) a member that was hidden is the primary of its own id again when it announces it", () => {
    const { awareness, clock, connect, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("other");
    connect("a", 1, 1);
    awareness.hidden("a");
    clock.advance(30);
    say("a", [1, 2, "{}"], [3, 1, "{}"]);
    quiet();
    awareness.left("a");
    expect(takeBroadcasts()).toEqual([[[1, 2, null]]]);
  });

  test("(a) a second connection takes over the id, and the late close of the first changes nothing", () => {
    const { awareness, clock, connect, takeBroadcasts } = awarenessRoom();
    connect("old", 1, 1);
    connect("new", 1, 2);
    clock.advance(30);
    takeBroadcasts();
    awareness.left("old");
    clock.advance(100);
    expect(takeBroadcasts()).toEqual([]);
    awareness.joined("witness");
    awareness.left("new");
    expect(takeBroadcasts()).toEqual([[[1, 2, null]]]);
  });

  const ofA = '{"of":"a"}';
  test.each([
    ["is unknown", undefined, [[1, 4, ofA]]],
    ["has the known clock", 3, [[1, 4, ofA]]],
    ["has a lower clock than the known one", 7, [[1, 7, null]]],
    ["has a higher clock than the known one", 2, undefined],
  ] satisfies [string, number | undefined, Entries | undefined][])(
    "(b) a first own state that %s is answered so that the others accept it",
    (_, known, answer) => {
      const { awareness, say, connect, take } = awarenessRoom();
      awareness.joined("peer");
      if (known !== undefined) say("peer", [99, 1, "{}"], [1, known, "{}"]);
      take("peer");
      connect("a", 1, 3);
      // The first frame has all known states.
      expect(take("a").slice(1)).toEqual(answer === undefined ? [] : [answer]);
      expect(take("peer")).toEqual([]);
    },
  );

  test("(b) y-protocols takes over its own state with the next clock, and reports no change", () => {
    const doc = new Y.Doc();
    const own = new YAwareness(doc);
    own.setLocalState({ user: { name: "Ada" } });
    const { awareness, take } = awarenessRoom();
    awareness.joined("a");
    awareness.updateReceived("a", encodeAwarenessUpdate(own, [doc.clientID]));
    const answer = take("a").at(-1) ?? [];
    const changes: unknown[] = [];
    const updates: unknown[] = [];
    own.on("change", (change: unknown) => changes.push(change));
    own.on("update", (update: unknown) => updates.push(update));
    applyAwarenessUpdate(own, encodeEntries(answer), "server");
    expect([changes, updates]).toEqual([[], [{ added: [], updated: [doc.clientID], removed: [] }]]);
    awareness.updateReceived("a", encodeAwarenessUpdate(own, [doc.clientID]));
    awareness.query("a");
    expect(take("a")).toEqual([[[doc.clientID, 2, '{"user":{"name":"Ada"}}']]]);
    own.destroy();
  });

  test("(b) y-protocols keeps a state that it has changed meanwhile", () => {
    const doc = new Y.Doc();
    const own = new YAwareness(doc);
    own.setLocalState({ cursor: 1 });
    const { awareness, take } = awarenessRoom();
    awareness.joined("a");
    awareness.updateReceived("a", encodeAwarenessUpdate(own, [doc.clientID]));
    own.setLocalState({ cursor: 2 });
    for (const answer of take("a")) applyAwarenessUpdate(own, encodeEntries(answer), "server");
    expect(own.getLocalState()).toEqual({ cursor: 2 });
    own.destroy();
  });

  test("(b) a client that returns late with its old clock is asked for a higher one, at most once per second", () => {
    const { awareness, clock, connect, observe, say, take, takeBroadcasts } = awarenessRoom();
    observe("other");
    connect("present", 5, 1);
    connect("old", 1, 7);
    awareness.left("old");
    observe("a");
    take("a");
    take("present");
    say("a", [1, 7, "{}"]);
    expect(take("a")).toEqual([[[1, 7, null]]]);
    say("a", [1, 7, "{}"]);
    clock.advance(999);
    say("a", [1, 6, "{}"]);
    expect(take("a")).toEqual([]);
    clock.advance(1);
    expect(take("a")).toEqual([[[1, 7, null]]]);
    takeBroadcasts();
    say("a", [1, 8, "{}"]);
    expect(takeBroadcasts()).toEqual([[[1, 8, "{}"]]]);
    // It is primary now, and the others announce themselves to it.
    expect(take("present")).toEqual([[[5, 2, '{"of":"present"}']]]);
    clock.advance(30);
    awareness.left("a");
    expect(takeBroadcasts()).toEqual([[[1, 8, null]]]);
  });

  test("(b) a member with an own id is not asked about the old state of another client", () => {
    const { awareness, connect, say, take } = awarenessRoom();
    connect("a", 1, 1);
    connect("gone", 2, 5);
    awareness.left("gone");
    take("a");
    say("a", [2, 5, "{}"]);
    expect(take("a")).toEqual([]);
  });

  test("(c) when a known id returns, every other primary is sent its own state with the next clock, at most once per second", () => {
    const { awareness, clock, connect, say, take } = awarenessRoom();
    connect("a", 1, 1);
    connect("b", 2, 4);
    connect("c", 3, 1);
    connect("hidden", 4, 1);
    say("hidden", [4, 2, null]);
    take("b");
    take("hidden");
    awareness.left("a");
    connect("a2", 1, 1);
    const renewal = [[2, 5, '{"of":"b"}']] satisfies Entries;
    expect(take("b")).toEqual([renewal]);
    awareness.left("c");
    connect("c2", 3, 1);
    clock.advance(999);
    expect(take("b")).toEqual([]);
    clock.advance(1);
    expect(take("b")).toEqual([renewal]);
    clock.advance(60_000);
    expect([take("b"), take("hidden")]).toEqual([[], []]);
  });

  test("(c) no primary is asked when an id appears for the first time", () => {
    const { connect, clock, take } = awarenessRoom();
    connect("a", 1, 1);
    take("a");
    connect("b", 2, 1);
    clock.advance(5_000);
    expect(take("a")).toEqual([]);
  });

  test("(d) an entry whose clock is not above the known one is dropped", () => {
    const { clock, connect, say, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 5);
    takeBroadcasts();
    say("a", [1, 5, '"same"']);
    say("a", [1, 4, '"older"']);
    say("a", [1, 4, null]);
    clock.advance(100);
    expect(takeBroadcasts()).toEqual([]);
  });

  test("(d) a removal of a connected primary's id is accepted only from that primary", () => {
    const { awareness, clock, connect, say, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 5);
    connect("b", 2, 1);
    clock.advance(100);
    takeBroadcasts();
    say("b", [1, 6, null]);
    clock.advance(100);
    expect(takeBroadcasts()).toEqual([]);
    say("a", [1, 6, null]);
    clock.advance(100);
    expect(takeBroadcasts()).toEqual([[[1, 6, null]]]);
    awareness.left("a");
    clock.advance(100);
    expect(takeBroadcasts()).toEqual([]);
  });

  test("(d) the primary's removal counts with the known clock too, as y-protocols sends it", () => {
    const { clock, connect, say, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 5);
    connect("b", 2, 1);
    clock.advance(100);
    takeBroadcasts();
    say("b", [1, 5, null]);
    say("a", [1, 5, null]);
    clock.advance(100);
    expect(takeBroadcasts()).toEqual([[[1, 5, null]]]);
  });

  test("(d) an id that is only claimed is removed by any member with a new clock", () => {
    const { clock, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("observer", "owner");
    say("observer", [1, 1, "{}"]);
    quiet();
    say("owner", [1, 1, null]);
    clock.advance(30);
    expect(takeBroadcasts()).toEqual([]);
    say("owner", [1, 2, null]);
    expect(takeBroadcasts()).toEqual([[[1, 2, null]]]);
  });

  test("(d) a member that claimed a WebRTC peer's id removes it when it has not heard of the peer for 30 s", () => {
    const { clock, observe, say, take, takeBroadcasts, awareness } = awarenessRoom();
    observe("other", "observer");
    say("observer", [1, 1, "{}"]);
    takeBroadcasts();
    clock.advance(30_000);
    say("observer", [1, 1, null]);
    expect(takeBroadcasts()).toEqual([[[1, 1, null]]]);
    awareness.query("other");
    expect(take("other")).toEqual([]);
  });

  test("(e) the state of a primary that leaves is removed immediately, and its clock is remembered", () => {
    const { awareness, clock, connect, say, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 5);
    connect("b", 2, 1);
    clock.advance(100);
    takeBroadcasts();
    awareness.left("a");
    expect(takeBroadcasts()).toEqual([[[1, 5, null]]]);
    say("b", [1, 5, "{}"]);
    clock.advance(100);
    expect(takeBroadcasts()).toEqual([]);
  });

  test("(e) an id that is only claimed expires after 30 s without renewal, and its member may claim it again", () => {
    const { awareness, clock, observe, quiet, say, takeBroadcasts } = awarenessRoom();
    observe("other", "a");
    say("a", [1, 1, "{}"]);
    clock.advance(20_000);
    say("a", [1, 2, "{}"]);
    clock.advance(29_000);
    expect(takeBroadcasts().flat()).not.toContainEqual([1, 2, null]);
    clock.advance(6_000);
    expect(takeBroadcasts()).toEqual([[[1, 2, null]]]);
    say("a", [1, 3, "{}"]);
    quiet();
    awareness.left("a");
    expect(takeBroadcasts()).toEqual([[[1, 3, null]]]);
  });

  test("(e) a joiner is not told of a client that is gone, whatever the others send again", () => {
    const { awareness, clock, connect, observe, say, take } = awarenessRoom();
    connect("frozen", 1, 5);
    connect("b", 2, 1);
    observe("observer");
    awareness.left("frozen");
    for (const member of ["b", "observer"]) {
      say(member, [1, 5, "{}"]);
      say(member, [1, 4, "{}"], [2, 1, "{}"]);
    }
    connect("joiner", 3, 1);
    clock.advance(100);
    const ids = take("joiner").flatMap((entries) => entries.map(([id]) => id));
    expect(ids).not.toContain(1);
  });

  test("(e) members that send its last state again do not keep an id without a primary", () => {
    const { clock, connect, say, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 1);
    connect("b", 2, 1);
    say("a", [3, 7, "{}"]);
    for (let round = 0; round < 7; round += 1) {
      clock.advance(5_000);
      for (const member of ["a", "b"]) say(member, [3, 7, "{}"]);
    }
    expect(takeBroadcasts().at(-1)).toEqual([[3, 7, null]]);
  });

  test("(e) an id without a primary expires after 30 s without renewal", () => {
    const { clock, connect, say, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 1);
    say("a", [2, 1, "{}"]);
    clock.advance(20_000);
    say("a", [2, 2, "{}"]);
    clock.advance(29_000);
    expect(
      takeBroadcasts()
        .flat()
        .filter(([, , state]) => state === null),
    ).toEqual([]);
    clock.advance(6_000);
    expect(takeBroadcasts()).toEqual([[[2, 2, null]]]);
  });

  test("a connected primary's own state does not expire", () => {
    const { clock, connect, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 1);
    takeBroadcasts();
    clock.advance(600_000);
    expect(takeBroadcasts()).toEqual([]);
  });

  test("the first change is broadcast immediately, later ones at most every 30 ms with the latest state per client", () => {
    const { clock, connect, say, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 1);
    expect(takeBroadcasts()).toEqual([[[1, 1, '{"of":"a"}']]]);
    for (let at = 2; at <= 10; at += 1) say("a", [1, at, `${at}`]);
    say("a", [2, 1, "{}"]);
    expect(takeBroadcasts()).toEqual([]);
    clock.advance(29);
    expect(takeBroadcasts()).toEqual([]);
    clock.advance(1);
    expect(takeBroadcasts()).toEqual([
      [
        [1, 10, "10"],
        [2, 1, "{}"],
      ],
    ]);
    clock.advance(1_000);
    expect(takeBroadcasts()).toEqual([]);
  });

  test("forgets everything, clocks included, with its last member", () => {
    const { awareness, clock, connect, take, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 9);
    take("a");
    awareness.left("a");
    connect("b", 1, 1);
    expect(take("b").at(-1)).toEqual([[1, 2, '{"of":"b"}']]);
    takeBroadcasts();
    awareness.left("b");
    // The timer of the room that calls it.
    expect(clock.pendingTimers).toBe(1);
  });

  test("tells a member that has missed broadcasts of all states, and of those that have gone meanwhile", () => {
    const { awareness, clock, connect, take } = awarenessRoom();
    connect("a", 1, 1);
    connect("b", 2, 1);
    connect("c", 3, 1);
    awareness.left("b");
    clock.advance(3_000);
    awareness.left("c");
    clock.advance(30_000);
    take("a");
    awareness.caughtUp("a", 26_999);
    expect(take("a")).toHaveLength(1);
    awareness.caughtUp("a", 27_000);
    expect(take("a").at(-1)).toEqual([[3, 1, null]]);
    const states: Entries = [[1, 1, '{"of":"a"}']];
    // A client drops a state by itself when it has heard nothing of it for 33 s.
    awareness.caughtUp("a", 60_000);
    expect(take("a")).toEqual([
      states,
      [
        [2, 1, null],
        [3, 1, null],
      ],
    ]);
    clock.advance(1);
    awareness.caughtUp("a", 60_000);
    expect(take("a")).toEqual([states, [[3, 1, null]]]);
    clock.advance(3_000);
    awareness.caughtUp("a", 60_000);
    expect(take("a")).toEqual([states]);
  });

  test("tells a member that is not sent states yet of none when it has missed broadcasts", () => {
    const { awareness, clock, connect, take } = awarenessRoom();
    connect("a", 1, 1);
    awareness.joined("b");
    awareness.caughtUp("b", 1_000);
    expect(take("b")).toEqual([]);
    clock.advance(1_000);
    expect(take("b")).toEqual([[[1, 1, '{"of":"a"}']]]);
  });

  test("answers a query with all states", () => {
    const { awareness, connect, say, take } = awarenessRoom();
    connect("a", 1, 1);
    say("a", [3, 2, "{}"]);
    take("a");
    awareness.query("a");
    expect(take("a")).toEqual([
      [
        [1, 1, '{"of":"a"}'],
        [3, 2, "{}"],
      ],
    ]);
  });

  test("answers the queries of one member at most once per second, and its last one always", () => {
    const { awareness, clock, connect, take } = awarenessRoom();
    connect("a", 1, 1);
    connect("b", 2, 1);
    take("a");
    for (let query = 0; query < 1_000; query += 1) awareness.queryReceived("a");
    awareness.queryReceived("b");
    expect(take("a")).toHaveLength(1);
    expect(take("b").at(-1)).toHaveLength(2);
    clock.advance(999);
    expect(take("a")).toEqual([]);
    clock.advance(1);
    expect(take("a")).toHaveLength(1);
    awareness.queryReceived("a");
    awareness.left("a");
    clock.advance(10_000);
    expect(take("a")).toEqual([]);
  });

  test("remembers at most the limit of clients: clients that are gone make room, present ones do not", () => {
    const { awareness, connect, say, clock, take, dropped } = awarenessRoom({ ...defaultLimits, awarenessClients: 3 });
    connect("a", 1, 1);
    say("a", [2, 1, "{}"], [3, 1, "{}"], [4, 1, "{}"]);
    clock.advance(100);
    take("a");
    awareness.query("a");
    expect(
      take("a")
        .flat()
        .map(([id]) => id),
    ).toEqual([1, 2, 3]);
    expect(dropped).toEqual([["a", "limits.awareness-clients", "clock 1, 2 characters", 1]]);
    say("a", [2, 2, null]);
    clock.advance(100);
    say("a", [5, 1, "{}"]);
    awareness.query("a");
    expect(
      take("a")
        .flat()
        .map(([id]) => id),
    ).toEqual([1, 3, 5]);
  });

  test("holds states up to its limit, and a removed state makes room", () => {
    const { awareness, connect, say, clock, take, dropped } = awarenessRoom({ ...defaultLimits, awarenessLength: 30 });
    connect("a", 1, 1);
    say("a", [2, 1, '"0123456789"'], [3, 1, '"0123456789"'], [4, 1, "{}"]);
    say("a", [2, 2, '"01234567890123456789"']);
    expect(dropped).toEqual([
      ["a", "limits.awareness-length", "clock 1, 12 characters", 1],
      ["a", "limits.awareness-length", "clock 2, 22 characters", 1],
    ]);
    take("a");
    awareness.query("a");
    expect(
      take("a")
        .flat()
        .map(([id, at]) => [id, at]),
    ).toEqual([
      [1, 1],
      [2, 1],
      [4, 1],
    ]);
    say("a", [2, 2, null]);
    say("a", [3, 1, '"0123456789"']);
    clock.advance(100);
    take("a");
    awareness.query("a");
    expect(
      take("a")
        .flat()
        .map(([id]) => id),
    ).toEqual([1, 4, 3]);
  });

  test("forgets clients that are gone in constant time, however many are present", () => {
    const { awareness, say } = awarenessRoom({ ...defaultLimits, awarenessClients: 1_000 });
    awareness.joined("a");
    say("a", ...Array.from({ length: 100_000 }, (_, id): Entries[number] => [id, 1, "0"]));
    say("a", ...Array.from({ length: 1_000 }, (_, id): Entries[number] => [id, 2, null]));
    say("a", ...Array.from({ length: 100_000 }, (_, id): Entries[number] => [200_000 + id, 1, "0"]));
  });

  test("drops a state whose clock is so high that its client could not count further", () => {
    const { connect, say, clock, takeBroadcasts, dropped } = awarenessRoom();
    connect("a", 1, 1);
    takeBroadcasts();
    say("a", [2, Number.MAX_SAFE_INTEGER, "{}"], [3, 2 ** 32, "{}"], [4, 2 ** 32 - 1, "{}"]);
    clock.advance(100);
    expect(takeBroadcasts()).toEqual([[[4, 2 ** 32 - 1, "{}"]]]);
    expect(dropped).toEqual([["a", "awareness-clock", `clock ${Number.MAX_SAFE_INTEGER}, 2 characters`, 2]]);
  });

  test.each([
    ["not decodable", Uint8Array.of(1, 1)],
    ["with trailing bytes", Uint8Array.of(0, 0)],
    ["with an impossible count", Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)],
    ["with a state that is not JSON", encodeEntries([[1, 1, "{no"]])],
    ["with a state that is nested too deeply", encodeEntries([[1, 1, "[".repeat(600) + "]".repeat(600)]])],
    ["with a clock padded until it reads as NaN", Uint8Array.of(1, 5, ...Array(150).fill(128), 0, 2, 123, 125)],
  ])("rejects an update %s", (_, body) => {
    const { awareness, takeBroadcasts } = awarenessRoom();
    awareness.joined("a");
    expect(() => awareness.updateReceived("a", body)).toThrow();
    expect(takeBroadcasts()).toEqual([]);
  });

  test("drops a state over the limit: the other states of the update count, and its client keeps its last state", () => {
    const { awareness, connect, say, clock, take, takeBroadcasts, dropped } = awarenessRoom({
      ...defaultLimits,
      awarenessStateLength: 10,
    });
    connect("a", 1, 1);
    expect(dropped).toEqual([]);
    takeBroadcasts();
    say("a", [1, 2, '"123456789"'], [2, 1, '"12345678"']);
    expect(dropped).toEqual([["a", "limits.awareness-state-length", "clock 2, 11 characters", 1]]);
    clock.advance(100);
    expect(takeBroadcasts()).toEqual([[[2, 1, '"12345678"']]]);
    take("a");
    awareness.query("a");
    expect(take("a")).toEqual([
      [
        [1, 1, '{"of":"a"}'],
        [2, 1, '"12345678"'],
      ],
    ]);
    // An old clock is no new state: it is not reported.
    say("a", [1, 1, '"123456789"']);
    expect(dropped).toHaveLength(1);
    say("a", [1, 3, "{}"]);
    clock.advance(100);
    expect(takeBroadcasts()).toEqual([[[1, 3, "{}"]]]);
  });

  test("drops an update over the limit, and its member is sent the states of the others as after any other", () => {
    const { awareness, connect, take, subscribed, takeBroadcasts, dropped } = awarenessRoom();
    connect("a", 1, 1);
    takeBroadcasts();
    awareness.joined("b");
    awareness.updateReceived("b", new Uint8Array(defaultLimits.awarenessFrameBytes + 1));
    expect(dropped).toEqual([
      ["b", "limits.awareness-frame-bytes", `${defaultLimits.awarenessFrameBytes + 1} bytes`, 1],
    ]);
    expect([subscribed, take("b"), takeBroadcasts()]).toEqual([["a", "b"], [[[1, 1, '{"of":"a"}']]], []]);
  });
});
