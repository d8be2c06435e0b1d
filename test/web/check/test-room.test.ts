import { expect, test } from "bun:test";
import { matchesRoom } from "../../../src/auth/room-pattern.ts";
import { roomOfToken } from "../../../src/web/check/diagnosis/test-room.ts";
import { tokenFor } from "../../support/bytes/tokens.ts";

test.each<[Readonly<Record<string, "read" | "write">>, string]>([
  [{ "**": "write" }, "yurt-check"],
  [{ "notes/*": "write" }, "notes/yurt-check"],
  [{ "notes/**": "read", "drafts/*": "write" }, "drafts/yurt-check"],
  [{ "notes/7": "write", "notes/*": "write" }, "notes/yurt-check"],
  [{ "notes/7": "write" }, "notes/7"],
  [{ "notes/7": "write", "public/*": "read" }, "notes/7"],
  [{ "a*-b/**/c": "write" }, "ayurt-check-b/yurt-check/c"],
  [{ "räume/*": "write" }, "räume/yurt-check"],
])("the room of a token for %j is one that it permits: %s", async (rooms, room) => {
  expect(roomOfToken(await tokenFor(rooms))).toBe(room);
  expect(Object.keys(rooms).some((pattern) => matchesRoom(pattern, room))).toBe(true);
});

test.each([undefined, "", "opaque", "a.b.c", "a.bnVsbA.c", "a.e30.c"])(
  "without rooms in the token %p it is the default",
  (token) => {
    expect(roomOfToken(token)).toBe("yurt-check");
  },
);
