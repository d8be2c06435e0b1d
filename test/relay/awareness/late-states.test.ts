import { describe, expect, test } from "bun:test";
import { awarenessRoom } from "../../support/awareness-room.ts";

describe("an own state that comes late", () => {
  test("(a) is still the first while the frames of its member wait for their turn", () => {
    const { account, awareness, clock, connect, say, subscribed, take } = awarenessRoom();
    connect("a", 1, 1);
    awareness.joined("b");
    awareness.frameReceived("b");
    account.turns.isOver = true;
    clock.advance(5_000);
    expect([subscribed, take("b")]).toEqual([["a"], []]);
    say("b", [2, 7, "{}"]);
    expect(subscribed).toEqual(["a", "b"]);
    account.turns.next();
    expect(subscribed).toEqual(["a", "b"]);
    awareness.joined("silent");
    account.turns.isOver = true;
    clock.advance(5_000);
    expect(subscribed).toEqual(["a", "b"]);
    account.turns.next();
    expect(subscribed).toEqual(["a", "b", "silent"]);
  });

  test.each([
    ["answered", () => Promise.resolve()] as const,
    ["refused", () => Promise.reject(new Error("no"))] as const,
  ])("(a) is still the first while the frame before it is handled, until that is %s", async (_, handle) => {
    const handled = handle();
    const { awareness, clock, connect, subscribed } = awarenessRoom();
    connect("a", 1, 1);
    awareness.joined("b");
    awareness.frameReceived("b", handled);
    clock.advance(5_000);
    expect(subscribed).toEqual(["a"]);
    await handled.catch(() => {});
    await Promise.resolve();
    clock.advance(99);
    expect(subscribed).toEqual(["a"]);
    clock.advance(1);
    expect(subscribed).toEqual(["a", "b"]);
  });

  test("(a) is still the first if the frame before it came while its member waited for its turn", () => {
    const { account, awareness, clock, subscribed } = awarenessRoom();
    awareness.joined("silent");
    account.turns.isOver = true;
    clock.advance(1_000);
    awareness.frameReceived("silent");
    account.turns.next();
    clock.advance(99);
    expect(subscribed).toEqual([]);
    clock.advance(1);
    expect(subscribed).toEqual(["silent"]);
  });

  test("(a) of a member that has left while its first frame was handled changes nothing", async () => {
    const { awareness, clock, connect, subscribed } = awarenessRoom();
    connect("a", 1, 1);
    awareness.joined("b");
    const handled = Promise.resolve();
    awareness.frameReceived("b", handled);
    awareness.left("b");
    await handled;
    clock.advance(5_000);
    expect(subscribed).toEqual(["a"]);
  });

  test("(b) is renewed if its id is not known: the others may remember its clock from before a restart", () => {
    const { awareness, clock, observe, say, take } = awarenessRoom();
    observe("b");
    say("b", [2, 7, "{}"]);
    expect(take("b")).toEqual([[[2, 8, "{}"]]]);
    say("b", [2, 8, "{}"]);
    clock.advance(5_000);
    expect(take("b")).toEqual([]);
    awareness.left("b");
    expect(awareness.present()).toEqual([]);
  });

  test("(b) is not renewed if the member has sent others before: it is one that the member passes on", () => {
    const { clock, observe, say, take } = awarenessRoom();
    observe("b");
    say("b", [2, 7, "{}"], [3, 7, "{}"]);
    say("b", [4, 7, "{}"]);
    clock.advance(5_000);
    expect(take("b")).toEqual([]);
  });

  test.each([6, 7, 8])("(c) has the others renewed if its id is known with the clock 7, and it has %i", (at) => {
    const { awareness, clock, connect, observe, say, take } = awarenessRoom();
    connect("a", 1, 1);
    connect("former", 2, 7);
    clock.advance(1_000);
    take("a");
    observe("b");
    say("b", [2, at, "{}"]);
    clock.advance(1_000);
    expect(take("a")).toEqual([[[1, 2, '{"of":"a"}']]]);
    awareness.left("former");
  });
});
