import { expect, test } from "bun:test";
import { Members } from "../../src/signaling/members.ts";

const member = (id: string, device = 1) => ({ id, device });

test("members are found by their ids, names of object members included", () => {
  const members = new Members<{ id: string }>(9);
  const [alice, proto] = [member("alice"), member("__proto__")];
  expect([members.join(alice), members.join(proto)]).toEqual(["joined", "joined"]);
  expect(members.find("alice")).toBe(alice);
  expect(members.find("__proto__")).toBe(proto);
  expect(members.find("constructor")).toBeUndefined();
  expect([...members]).toEqual([alice, proto]);
});

test("an id that is taken over belongs to the new member at once, and the late leave of the old one changes nothing", () => {
  const members = new Members<{ id: string }>(1);
  const [old, resumed] = [member("alice", 1), member("alice", 2)];
  expect(members.join(old)).toBe("joined");
  expect(members.join(old)).toBe("joined");
  expect(members.join(resumed)).toBe("resumed");
  expect([members.holds(old), members.holds(resumed), members.size]).toEqual([false, true, 1]);
  expect(members.leave(old)).toBe(false);
  expect(members.find("alice")).toBe(resumed);
  expect(members.leave(resumed)).toBe(true);
  expect(members.leave(resumed)).toBe(false);
  expect(members.size).toBe(0);
});

test("there are at most as many ids as the limit, until one leaves", () => {
  const members = new Members<{ id: string }>(2);
  const [alice, bob, carol] = [member("alice"), member("bob"), member("carol")];
  expect([alice, bob, carol].map((each) => members.join(each))).toEqual(["joined", "joined", "full"]);
  expect(members.find("carol")).toBeUndefined();
  members.leave(alice);
  expect(members.join(carol)).toBe("joined");
});
