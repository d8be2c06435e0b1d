import { expect, test } from "bun:test";
import { Subscriber, Topic } from "../../../src/signaling/y-webrtc/topic.ts";
import { openFakeChannel } from "../../support/fake-channel.ts";
import { FakeConnection } from "../../support/fake-connection.ts";

const openTopic = () => new Topic({ openChannel: openFakeChannel, memberLimit: 10, peerIdsPerSubscriber: 2 });

function enter(topic: Topic, ...peerIds: string[]): Subscriber {
  const subscriber = new Subscriber(new FakeConnection(crypto.randomUUID()));
  topic.enter(subscriber);
  for (const peerId of peerIds) topic.heard(subscriber, peerId);
  return subscriber;
}

test("a peer id that one subscriber uses is that subscriber's", () => {
  const topic = openTopic();
  const [alice, bob] = [enter(topic, "a", "a"), enter(topic, "b")];
  expect([topic.userOf("a"), topic.userOf("b"), topic.userOf("c")]).toEqual([alice, bob, undefined]);
});

test("a peer id that two use may be either's, until one of them has left", () => {
  const topic = openTopic();
  const [old, resumed] = [enter(topic, "a"), enter(topic, "a")];
  expect(topic.userOf("a")).toBeUndefined();
  topic.leave(old);
  expect(topic.userOf("a")).toBe(resumed);
  topic.leave(resumed);
  expect(topic.userOf("a")).toBeUndefined();
});

test("of too many peer ids of one subscriber the one is forgotten that was not used for longest", () => {
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
