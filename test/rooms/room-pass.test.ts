import { describe, expect, test } from "bun:test";
import type { AccessRequest, Authorizer, Denial } from "../../src/auth/authorizer.ts";
import { enterRoom, RoomPass } from "../../src/rooms/room-pass.ts";
import { RoomRegistry } from "../../src/rooms/room-registry.ts";
import { settled } from "../support/eventually.ts";
import { authorizerThat, denied } from "../support/fakes/fake-authorizer.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { FakeGrant } from "../support/fakes/fake-grant.ts";

const expired: Denial = { granted: false, kind: "unauthorized", code: "expired", reason: "it is over" };

/** A registry of rooms that open when the test says so, and close as soon as no pass is left. */
function setUp() {
  const events: string[] = [];
  const opening = Promise.withResolvers<void>();
  const clock = new FakeClock();
  const rooms = new RoomRegistry<{ readonly name: string }>({
    async open(name) {
      events.push(`open ${name}`);
      await opening.promise;
      return { name };
    },
    close: ({ name }) => void events.push(`close ${name}`),
    closeFailed: () => {},
    lingerMs: 0,
    clock,
  });
  const grant = new FakeGrant();
  const enter = (authorizer: Authorizer = authorizerThat(async () => grant)) => enterRoom(rooms, authorizer, request);
  /** Closes the rooms that nobody holds. */
  const linger = () => clock.advance(1);
  return { rooms, events, opening, grant, enter, linger };
}

const request: AccessRequest = {
  kind: "sync",
  room: "x",
  remoteAddress: "192.0.2.1",
  signal: new AbortController().signal,
};

async function entered(parts: ReturnType<typeof setUp>): Promise<RoomPass<{ readonly name: string }>> {
  parts.opening.resolve();
  const pass = await parts.enter();
  if (!pass.granted) throw new Error("denied");
  return pass;
}

describe("entering a room", () => {
  test("authorizes the client, then opens the room", async () => {
    const parts = setUp();
    const authorizing = Promise.withResolvers<FakeGrant>();
    parts.opening.resolve();
    const entering = parts.enter(authorizerThat(() => authorizing.promise));
    await settled();
    expect(parts.events).toEqual([]);
    authorizing.resolve(parts.grant);
    const pass = await entering;
    expect(pass).toBeInstanceOf(RoomPass);
    expect(pass).toMatchObject({ granted: true, room: { name: "x" }, access: "write" });
    expect([parts.events, parts.grant.isReleased]).toEqual([["open x"], false]);
  });

  test("opens no room for a client that is denied", async () => {
    const { enter, events } = setUp();
    expect(await enter(authorizerThat(async () => denied))).toBe(denied);
    expect(events).toEqual([]);
  });

  test("rejects when the authorizer fails", async () => {
    const { enter, events } = setUp();
    await expect(enter(authorizerThat(() => Promise.reject(new Error("down"))))).rejects.toThrow("down");
    expect(events).toEqual([]);
  });

  test("releases the grant and rejects when the room cannot be opened", async () => {
    const { enter, opening, grant } = setUp();
    const entering = enter();
    opening.reject(new Error("disk"));
    await expect(entering).rejects.toThrow("disk");
    expect(grant.isReleased).toBe(true);
  });

  test("releases the grant and rejects when the registry has been drained", async () => {
    const { enter, rooms, grant } = setUp();
    await rooms.drain();
    await expect(enter()).rejects.toThrow();
    expect(grant.isReleased).toBe(true);
  });

  test.each(["before the room is opened", "while the room is opened"])(
    "is denied at once by a grant that ends %s",
    async (when) => {
      const { enter, opening, grant, events, linger } = setUp();
      if (when === "before the room is opened") grant.end(expired);
      const entering = enter();
      await settled();
      grant.end(expired);
      expect(await entering).toBe(expired);
      expect(grant.isReleased).toBe(true);
      // The room is given back when it has opened.
      opening.resolve();
      await settled();
      linger();
      expect(events).toEqual(["open x", "close x"]);
    },
  );

  test("is denied by a grant that ends, also when the room then cannot be opened", async () => {
    const { enter, opening, grant } = setUp();
    const entering = enter();
    await settled();
    grant.end(expired);
    opening.reject(new Error("disk"));
    expect(await entering).toBe(expired);
    await settled();
  });
});

describe("a room pass", () => {
  test("reports the changes and the end of its grant", async () => {
    const parts = setUp();
    const pass = await entered(parts);
    const reported: string[] = [];
    pass.watch({
      changed: () => reported.push(`changed to ${pass.access}`),
      ended: ({ reason }) => reported.push(`ended: ${reason}`),
    });
    parts.grant.change("read");
    parts.grant.end(expired);
    expect(reported).toEqual(["changed to read", "ended: it is over"]);
  });

  test("reports a grant that has ended before it is watched", async () => {
    const parts = setUp();
    const pass = await entered(parts);
    parts.grant.end(expired);
    const reported: Denial[] = [];
    pass.watch({ ended: (denial) => reported.push(denial) });
    expect(reported).toEqual([expired]);
  });

  test("keeps the room open until it is released, and its watcher hears nothing after that", async () => {
    const parts = setUp();
    const [pass, other] = [await entered(parts), await entered(parts)];
    const reported: Denial[] = [];
    other.watch({ ended: (denial) => reported.push(denial) });
    // Twice counts once.
    pass.release();
    pass.release();
    parts.linger();
    expect(parts.events).toEqual(["open x"]);
    other.release();
    parts.grant.end(expired);
    parts.linger();
    expect([parts.events, reported]).toEqual([["open x", "close x"], []]);
  });

  test("keeps the room open when only its grant is released", async () => {
    const parts = setUp();
    const pass = await entered(parts);
    pass.releaseGrant();
    parts.linger();
    expect([parts.grant.isReleased, parts.events]).toEqual([true, ["open x"]]);
    pass.release();
    parts.linger();
    expect(parts.events).toEqual(["open x", "close x"]);
  });

  test("goes on with a renewed grant, and forgets the one before", async () => {
    const parts = setUp();
    const pass = await entered(parts);
    const reported: string[] = [];
    pass.watch({ ended: () => reported.push("the first") });
    const renewed = new FakeGrant("read", { expiresAt: 5 });
    pass.renew(renewed, { ended: () => reported.push("the second") });
    expect(parts.grant.isReleased).toBe(true);
    expect(pass).toMatchObject({ access: "read", expiresAt: 5 });
    parts.grant.end(expired);
    renewed.end(expired);
    expect(reported).toEqual(["the second"]);
  });
});
