import { describe, expect, test } from "bun:test";
import { Inbox, type Task } from "../../src/transport/inbox.ts";
import { settled } from "../support/eventually.ts";

function setUp(limitBytes = 100) {
  const events: string[] = [];
  const inbox = Inbox.ofTasks({
    limitBytes,
    failed: (error) => events.push(`failed ${error instanceof Error ? error.message : error}`),
    filled: () => events.push("filled"),
    cleared: () => events.push("cleared"),
  });
  const slow = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    return { promise, resolve, reject };
  };
  return { inbox, events, slow };
}

describe("an inbox", () => {
  test("runs a task at once when nothing waits", () => {
    const { inbox, events } = setUp();
    inbox.push(1, () => {
      events.push("a");
    });
    expect(events).toEqual(["a"]);
  });

  test("runs one task at a time, in order, even those pushed by a task", async () => {
    const { inbox, events, slow } = setUp();
    const first = slow();
    inbox.push(1, async () => {
      events.push("a");
      inbox.push(1, () => {
        events.push("c");
      });
      await first.promise;
      events.push("b");
    });
    inbox.push(1, () => {
      events.push("d");
    });
    expect(events).toEqual(["a"]);
    first.resolve();
    await settled();
    expect(events).toEqual(["a", "b", "c", "d"]);
  });

  test("runs 100,000 waiting tasks without growing the stack", async () => {
    const { inbox, slow } = setUp(1e9);
    const first = slow();
    let count = 0;
    inbox.push(1, () => first.promise);
    for (let index = 0; index < 100_000; index += 1) {
      inbox.push(1, () => {
        count += 1;
      });
    }
    first.resolve();
    await settled();
    expect(count).toBe(100_000);
  });

  test("reports when more than its limit waits and when half of it is left", async () => {
    const { inbox, events, slow } = setUp(100);
    const tasks = [slow(), slow(), slow()];
    for (const task of tasks) inbox.push(60, () => task.promise);
    expect(events).toEqual(["filled"]);
    tasks[0]?.resolve();
    await settled();
    expect(events).toEqual(["filled"]);
    tasks[1]?.resolve();
    await settled();
    expect(events).toEqual(["filled", "cleared"]);
  });

  test("finish runs the waiting tasks, then the last task, then nothing", async () => {
    const { inbox, events, slow } = setUp();
    const first = slow();
    inbox.push(1, () => first.promise);
    inbox.push(1, () => {
      events.push("waiting");
    });
    inbox.finish(() => events.push("last"));
    inbox.push(1, () => {
      events.push("too late");
    });
    inbox.finish(() => events.push("again"));
    expect(events).toEqual([]);
    first.resolve();
    await settled();
    expect(events).toEqual(["waiting", "last"]);
  });

  test("abandon drops the waiting tasks; the last task follows the running one", async () => {
    const { inbox, events, slow } = setUp();
    const first = slow();
    inbox.push(1, async () => {
      await first.promise;
      events.push("running");
    });
    inbox.push(1, () => {
      events.push("waiting");
    });
    inbox.abandon(() => events.push("last"));
    first.resolve();
    await settled();
    expect(events).toEqual(["running", "last"]);
  });

  test("abandon after finish drops the waiting tasks, and the last task runs once", async () => {
    const { inbox, events, slow } = setUp();
    const first = slow();
    inbox.push(1, () => first.promise);
    inbox.push(1, () => {
      events.push("waiting");
    });
    inbox.finish(() => events.push("last"));
    inbox.abandon(() => events.push("second last"));
    first.resolve();
    await settled();
    expect(events).toEqual(["last"]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("no"))],
  ])("a task that %s drops what waits and is reported", async (_, task) => {
    const { inbox, events, slow } = setUp();
    const first = slow();
    inbox.push(1, () => first.promise);
    inbox.push(1, task);
    inbox.push(1, () => {
      events.push("waiting");
    });
    first.resolve();
    await settled();
    expect(events).toEqual(["failed no"]);
  });

  test("a failing task drops the waiting ones", async () => {
    const { inbox, events, slow } = setUp(100);
    const first = slow();
    inbox.push(60, () => first.promise);
    inbox.push(60, () => {});
    inbox.push(60, () => {});
    first.reject(new Error("no"));
    await settled();
    expect(events).toEqual(["filled", "cleared", "failed no"]);
  });

  test("a failing task that abandons the inbox is followed by the last task", () => {
    const events: string[] = [];
    const inbox: Inbox<Task> = Inbox.ofTasks({ limitBytes: 1, failed: () => inbox.abandon(() => events.push("last")) });
    inbox.push(1, () => {
      throw new Error("no");
    });
    inbox.push(1, () => {
      events.push("too late");
    });
    expect(events).toEqual(["last"]);
  });
});
