import { expect, test } from "bun:test";
import { holdbackMs } from "../../src/signaling/y-webrtc/announcement-holdback.ts";
import { Subscriber, Topic } from "../../src/signaling/y-webrtc/topic.ts";
import { Random } from "../support/bytes/random.ts";
import { openFakeChannel } from "../support/fakes/fake-channel.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";

const histories = 5_000;

interface Page {
  readonly name: string;
  readonly connection: FakeConnection;
  readonly subscriber: Subscriber;
}

/** Simulates pages that subscribe and announce themselves, in any order and at any pace. */
function play(random: Random, longestGapMs: number): { pages: readonly Page[]; heard: (by: Page) => string[] } {
  const clock = new FakeClock();
  const topic = new Topic({ openChannel: openFakeChannel, memberLimit: 10, peerIdsPerSubscriber: 2, clock });
  const pages = Array.from({ length: 2 + random.integer(5) }, (_, index): Page => {
    const connection = new FakeConnection(`page ${index}`);
    return { name: connection.id, connection, subscriber: new Subscriber(connection) };
  });
  const steps = new Map(
    pages.map(({ name, subscriber }) => [
      name,
      [() => void topic.join(subscriber), () => topic.announce(name, subscriber)],
    ]),
  );
  while (steps.size > 0) {
    const name = random.pick([...steps.keys()]);
    const remaining = steps.get(name) ?? [];
    remaining.shift()?.();
    if (remaining.length === 0) steps.delete(name);
    clock.advance(random.integer(longestGapMs + 1));
  }
  clock.advance(holdbackMs);
  const heardBy = new Map(pages.map((page) => [page, page.connection.take().map(String)]));
  return { pages, heard: (page) => heardBy.get(page) ?? [] };
}

/** Counts how often one of the two has received the announcement of the other. */
function* meetings({ pages, heard }: ReturnType<typeof play>): Generator<number> {
  for (const [index, one] of pages.entries()) {
    for (const other of pages.slice(index + 1)) {
      const times = (by: Page, of: Page) => heard(by).filter((name) => name === of.name).length;
      yield times(one, other) + times(other, one);
    }
  }
}

test("of any two clients that announce themselves at the usual pace, one receives the announcement of the other, once", () => {
  const random = new Random(1);
  for (let history = 0; history < histories; history += 1) {
    // There are at most 12 steps, so no announcement is late.
    for (const times of meetings(play(random, 8))) expect(times).toBe(1);
  }
});

test("at any pace, no two clients miss each other", () => {
  const random = new Random(2);
  for (let history = 0; history < histories; history += 1) {
    for (const times of meetings(play(random, 2 * holdbackMs))) expect([1, 2]).toContain(times);
  }
});
