import { expect, test } from "bun:test";
import { findMembers, keyedMembers, memberName } from "../../../../src/web/admin/rooms/members/member-name.ts";
import { member } from "./members.ts";

const members = [
  member("1", { user: "Ann@example.com" }),
  member("2", { protocol: "hocuspocus" }),
  member("3", { address: "2001:db8::7" }),
  member("4", { user: "cem", protocol: "engine.io" }),
];

test("a member is named by its user, or by its number", () => {
  expect(members.map(memberName)).toEqual(["Ann@example.com", "Member 2", "Member 3", "cem"]);
  expect(memberName(member("4", { user: "" }))).toBe("Member 4");
});

test.each([
  ["ann@", ["1"]],
  ["HOCUS", ["2"]],
  ["2001:", ["3"]],
  ["Socket.IO", ["4"]],
  [" member ", ["2", "3"]],
  ["", ["1", "2", "3", "4"]],
  ["nobody", []],
])("%j finds the members %j", (text, ids) => {
  expect(findMembers(members, text).map(({ id }) => id)).toEqual(ids);
});

test("a connection that is in a room twice has two keys", () => {
  const keysOf = (ids: readonly string[]) => keyedMembers(ids.map((id) => member(id))).map(({ key }) => key);
  const twice = keysOf(["1", "1", "2"]);
  expect(new Set(twice).size).toBe(3);
  expect(twice).toEqual(expect.arrayContaining(keysOf(["1", "2"]) as string[]));
});
