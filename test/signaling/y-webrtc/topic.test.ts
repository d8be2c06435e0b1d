import { describe, expect, test } from "bun:test";
import { holdbackMs } from "../../../src/signaling/y-webrtc/announcement-holdback.ts";
import { Subscriber, Topic } from "../../../src/signaling/y-webrtc/topic.ts";
import { openFakeChannel } from "../../support/fakes/fake-channel.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";

const openTopic = (clock = new FakeClock()) =>
  new Topic({ openChannel: openFakeChannel, memberLimit: 10, peerIdsPerSubscriber: 2, clock });

function enter(topic: Topic, ...peerIds: string[]): Subscriber {
  const subscriber = new Subscriber(new FakeConnection(crypto.randomUUID()));
  topic.join(subscriber);
  for (const peerId of peerIds) topic.recordPeerId(subscriber, peerId);
  return subscriber;
}

test("a peer id that one subscriber uses belongs to that subscriber", () => {
  const topic = openTopic();
  const [alice, bob] = [enter(topic, "a", "a"), enter(topic, "b")];
  expect([topic.userOf("a"), topic.userOf("b"), topic.userOf("c")]).toEqual([alice, bob, undefined]);
});

test("a peer id that two subscribers use belongs to neither, until one of them has left", () => {
  const topic = openTopic();
  const [old, resumed] = [enter(topic, "a"), enter(topic, "a")];
  expect(topic.userOf("a")).toBeUndefined();
  topic.leave(old);
  expect(topic.userOf("a")).toBe(resumed);
  topic.leave(resumed);
  expect(topic.userOf("a")).toBeUndefined();
});

test("beyond the bound, the least recently used peer id of a subscriber is forgotten", () => {
  const topic = openTopic();
  const alice = enter(topic, "first", "second", "first", "third");
  expect(["first", "second", "third"].map((peerId) => topic.userOf(peerId))).toEqual([alice, undefined, alice]);
  expect(alice.peerIds).toEqual(["first", "third"]);
});

test("a peer id that is forgotten for one user stays with the other", () => {
  const topic = openTopic();
  enter(topic, "shared", "own", "other own");
  const bob = enter(topic, "shared");
  expect(topic.userOf("shared")).toBe(bob);
});

describe("an announcement", () => {
  function setUp() {
    const clock = new FakeClock();
    const topic = openTopic(clock);
    const connections = new Map<Subscriber, FakeConnection>();
    const arrive = () => {
      const connection = new FakeConnection(crypto.randomUUID());
      const subscriber = new Subscriber(connection);
      connections.set(subscriber, connection);
      topic.join(subscriber);
      return subscriber;
    };
    /** The frames that each client has been sent since the last call. */
    const heard = () => Array.from(connections.values(), (connection) => connection.take());
    return { clock, topic, arrive, heard };
  }

  test("reaches at once the subscribers that have not just joined", () => {
    const { clock, topic, arrive, heard } = setUp();
    arrive();
    clock.advance(holdbackMs);
    topic.announce("bob", arrive());
    expect(heard()).toEqual([["bob"], []]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("reaches at once the new subscribers that have announced themselves", () => {
    const { clock, topic, arrive, heard } = setUp();
    const [alice, bob, carol] = [arrive(), arrive(), arrive()];
    topic.announce("alice", alice);
    topic.announce("bob", bob);
    topic.announce("carol", carol);
    clock.advance(holdbackMs);
    expect(heard()).toEqual([["bob", "carol"], ["carol"], []]);
    topic.announce("alice again", alice);
    expect(heard()).toEqual([[], ["alice again"], ["alice again"]]);
  });

  test("reaches new subscribers that do not announce themselves after the holdback", () => {
    const { clock, topic, arrive, heard } = setUp();
    const [alice, bob] = [arrive(), arrive()];
    arrive();
    topic.announce("alice", alice);
    topic.announce("bob", bob);
    clock.advance(holdbackMs - 1);
    expect(heard()).toEqual([["bob"], [], []]);
    clock.advance(1);
    expect(heard()).toEqual([[], [], ["alice", "bob"]]);
  });

  test("comes before what is published after it", () => {
    const { topic, arrive, heard } = setUp();
    const [alice] = [arrive(), arrive()];
    topic.announce("alice", alice);
    topic.publish("from alice", alice);
    expect(heard()).toEqual([[], ["alice", "from alice"]]);
  });

  test("comes before what is sent after it", () => {
    const { topic, arrive, heard } = setUp();
    const [alice, bob] = [arrive(), arrive()];
    topic.announce("alice", alice);
    topic.send(bob, "for bob", alice);
    expect(heard()).toEqual([[], ["alice", "for bob"]]);
  });

  test("reaches a subscriber at once when that sends another message", () => {
    const { topic, arrive, heard } = setUp();
    const [alice, bob] = [arrive(), arrive()];
    topic.announce("alice", alice);
    topic.send(alice, "for alice", bob);
    expect(heard()).toEqual([["for alice"], ["alice"]]);
    topic.announce("alice again", alice);
    expect(heard()).toEqual([[], ["alice again"]]);
  });

  test("is followed by all later ones, of which none is lost", () => {
    const { clock, topic, arrive, heard } = setUp();
    const [alice] = [arrive(), arrive()];
    const announcements = Array.from({ length: 1_000 }, (_, index) => `alice ${index}`);
    for (const announcement of announcements) topic.announce(announcement, alice);
    const [, some = []] = heard();
    expect(some.length).toBeWithin(700, 1_000);
    clock.advance(holdbackMs);
    const [, rest = []] = heard();
    expect([...some, ...rest]).toEqual(announcements);
  });

  test.each([0, 1])(
    "comes before the next one, which is not held back from its receiver; %i others have just joined",
    (others) => {
      const { clock, topic, arrive, heard } = setUp();
      const [alice] = [arrive(), arrive()];
      clock.advance(holdbackMs / 2);
      topic.announce("alice", alice);
      clock.advance(holdbackMs / 2);
      for (let other = 0; other < others; other += 1) arrive();
      topic.announce("alice again", alice);
      const [, bob] = heard();
      expect(bob).toEqual(["alice", "alice again"]);
      clock.advance(holdbackMs);
      expect(heard()[1]).toEqual([]);
    },
  );

  test("is not held back longer when the time of day is set back", () => {
    const { clock, topic, arrive, heard } = setUp();
    const [alice] = [arrive(), arrive()];
    clock.set(-3_600_000);
    topic.announce("alice", alice);
    clock.advance(holdbackMs);
    expect(heard()).toEqual([[], ["alice"]]);
  });

  test("is dropped when its receiver leaves", () => {
    const { clock, topic, arrive, heard } = setUp();
    const [alice, bob] = [arrive(), arrive()];
    topic.announce("alice", alice);
    topic.leave(bob);
    expect(clock.pendingTimers).toBe(0);
    clock.advance(holdbackMs);
    expect(heard()).toEqual([[], []]);
  });
});
