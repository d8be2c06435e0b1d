import { expect, test } from "bun:test";
import { followWhileVisible } from "../../../../src/web/admin/data/follow-while-visible.ts";
import type { Visibility } from "../../../../src/web/admin/data/visibility.ts";
import { FakeClock } from "../../../support/fakes/fake-clock.ts";

/** A page that somebody sees or does not. */
class FakeVisibility implements Visibility {
  #isVisible = true;
  readonly #watchers = new Set<() => void>();

  isVisible = () => this.#isVisible;

  watch = (changed: () => void) => {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  };

  get watchers(): number {
    return this.#watchers.size;
  }

  set(isVisible: boolean): void {
    this.#isVisible = isVisible;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** A server whose streams the test feeds and ends. A stream ends when its signal aborts. */
class Streams {
  readonly opened: { readonly signal: AbortSignal; readonly next: (event: string | undefined | Error) => void }[] = [];

  open = async function* (this: Streams, signal: AbortSignal): AsyncGenerator<string> {
    let wake = (_: string | undefined | Error) => {};
    const stream = { signal, next: (event: string | undefined | Error) => wake(event) };
    this.opened.push(stream);
    signal.addEventListener("abort", () => wake(undefined));
    while (!signal.aborted) {
      const event = await new Promise<string | undefined | Error>((resolve) => {
        wake = resolve;
      });
      if (event instanceof Error) throw event;
      if (event === undefined) return;
      yield event;
    }
  }.bind(this);
}

function follow() {
  const clock = new FakeClock();
  const visibility = new FakeVisibility();
  const streams = new Streams();
  const ended = new AbortController();
  const received: string[] = [];
  let openings = 0;
  const done = followWhileVisible<string>({
    open: streams.open,
    receive: (event) => received.push(event),
    opened: () => {
      openings += 1;
    },
    ended: ended.signal,
    visibility,
    after: (delayMs, task) => clock.after(delayMs, task),
  });
  const outcome = done.then(
    () => "ended",
    (error: unknown) => (ended.signal.aborted ? "aborted" : String(error)),
  );
  return { clock, visibility, streams, ended, received, outcome, openings: () => openings };
}

/** Lets everything happen that waits for nothing else. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test("a stream is closed a minute after nobody sees the page, and opened when somebody does", async () => {
  const { clock, ended, openings, outcome, received, streams, visibility } = follow();
  await settle();
  streams.opened[0]?.next("one");
  await settle();
  visibility.set(false);
  clock.advance(59_000);
  visibility.set(true);
  clock.advance(120_000);
  await settle();
  expect(streams.opened[0]?.signal.aborted).toBe(false);

  visibility.set(false);
  clock.advance(60_000);
  await settle();
  expect([streams.opened[0]?.signal.aborted, openings()]).toEqual([true, 1]);
  visibility.set(true);
  await settle();
  streams.opened[1]?.next("two");
  await settle();
  expect([openings(), received]).toEqual([2, ["one", "two"]]);
  ended.abort();
  expect(await outcome).toBe("aborted");
  expect([visibility.watchers, clock.pendingTimers]).toEqual([0, 0]);
});

test("a stream that the server ends is not opened again", async () => {
  const { openings, outcome, streams, visibility } = follow();
  await settle();
  streams.opened[0]?.next(undefined);
  expect(await outcome).toBe("ended");
  expect([openings(), visibility.watchers]).toEqual([1, 0]);
});

test("a stream that fails says why", async () => {
  const { outcome, streams, visibility } = follow();
  await settle();
  streams.opened[0]?.next(new Error("forbidden"));
  expect(await outcome).toBe("Error: forbidden");
  expect(visibility.watchers).toBe(0);
});

test("nothing is received after the end, and the end of the stream is none of the server", async () => {
  const { ended, outcome, received, streams } = follow();
  await settle();
  streams.opened[0]?.next("late");
  ended.abort();
  expect(await outcome).toBe("aborted");
  expect(received).toEqual([]);
});

test("a page that nobody sees at the end waits for nothing", async () => {
  const { clock, ended, outcome, visibility } = follow();
  await settle();
  visibility.set(false);
  clock.advance(60_000);
  await settle();
  expect(visibility.watchers).toBe(1);
  ended.abort();
  expect(await outcome).toBe("aborted");
  expect([visibility.watchers, clock.pendingTimers]).toEqual([0, 0]);
});
