import { describe, expect, test } from "bun:test";
import type { ContentFault, FolderContent } from "../../src/storage/folder-content.ts";
import { DataFolderGone, FolderWatch } from "../../src/storage/folder-watch.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";

class FakeContent implements FolderContent {
  state: ContentFault["state"] | undefined;
  restorations = 0;
  /** Set while it cannot be restored. */
  failure: Error | undefined;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  findFault(): ContentFault | undefined {
    return this.state && { path: this.#path, state: this.state };
  }

  async restore(): Promise<void> {
    this.restorations += 1;
    if (this.failure !== undefined) throw this.failure;
    this.state = undefined;
  }
}

function scene() {
  const clock = new FakeClock();
  const [folder, store] = [new FakeContent("/data"), new FakeContent("/data/yurt.db")];
  const { log, events } = recordedLog();
  const watch = new FolderWatch({ contents: [folder, store], clock, log });
  /** Lets seconds pass, each with the checks that it starts. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1_000);
      await Bun.sleep(0);
    }
  };
  return { clock, folder, store, watch, pass, names: () => events.map(({ event }) => event), events };
}

describe("the watch of a data folder", () => {
  test("says nothing while everything is in its place", async () => {
    const { watch, pass, names } = scene();
    await pass(10);
    expect([watch.isIntact, names()]).toEqual([true, []]);
  });

  test("finds a fault within a second, logs it once with its remedy, and tells when it is gone", async () => {
    const { store, watch, pass, events } = scene();
    store.state = "moved";
    await pass(5);
    expect(watch.isIntact).toBe(false);
    expect(events).toEqual([
      {
        level: "error",
        event: "data-folder-gone",
        path: "/data/yurt.db",
        state: "moved",
        remedy: expect.stringContaining("Move it back"),
      },
    ]);
    store.state = undefined;
    await pass(1);
    expect(watch.isIntact).toBe(true);
    expect(events[1]).toEqual({ level: "warn", event: "data-folder-recovered", isRewritten: false });
  });

  test("restores deleted content one check after it was missed, the folder first", async () => {
    const { folder, store, watch, pass, events } = scene();
    [folder.state, store.state] = ["deleted", "deleted"];
    await pass(1);
    expect([folder.restorations, store.restorations]).toEqual([0, 0]);
    store.restore = async () => {
      expect(folder.state).toBeUndefined();
      store.state = undefined;
    };
    await pass(1);
    expect(watch.isIntact).toBe(true);
    expect(events[1]).toMatchObject({ event: "data-folder-recovered", isRewritten: true });
  });

  test.each(["moved", "replaced", "unreachable"] as const)(
    "restores nothing while some content is %s",
    async (state) => {
      const { folder, store, pass } = scene();
      [folder.state, store.state] = ["deleted", state];
      await pass(100);
      expect([folder.restorations, store.restorations]).toEqual([0, 0]);
    },
  );

  test("tries again with growing delays when it cannot restore, at most a minute apart", async () => {
    const { store, watch, pass, names } = scene();
    store.state = "deleted";
    store.failure = new Error("ENOSPC");
    await pass(64);
    expect(store.restorations).toBe(6);
    await pass(180);
    expect(store.restorations).toBe(9);
    expect(names().slice(0, 3)).toEqual([
      "data-folder-gone",
      "data-folder-restore-failed",
      "data-folder-restore-failed",
    ]);
    store.failure = undefined;
    await pass(60);
    expect(watch.isIntact).toBe(true);
  });

  test("restores at the end of the server without delay", async () => {
    const { store, watch, clock } = scene();
    store.state = "deleted";
    await watch.finish();
    expect([store.restorations, clock.pendingTimers]).toEqual([1, 0]);
  });

  test("fails at the end of the server when the next start would lack something", async () => {
    const { store, watch } = scene();
    store.state = "moved";
    await expect(watch.finish()).rejects.toThrow(DataFolderGone);
  });

  test("checks nothing after it was closed", async () => {
    const { store, watch, pass } = scene();
    await watch.close();
    store.state = "deleted";
    await pass(10);
    expect(watch.isIntact).toBe(true);
  });
});
