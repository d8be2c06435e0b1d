import { expect, test } from "bun:test";
import type { Refusal } from "../../../../src/client/server/administration.ts";
import { accessFactsOf } from "../../../../src/web/admin/access/access-facts.ts";
import { readPasted } from "../../../../src/web/admin/access/reasons/pasted-token.ts";
import {
  detailOf,
  groupsOf,
  kindOf,
  repeatedIn,
  withoutEchoes,
} from "../../../../src/web/admin/access/refusals/refusal-groups.ts";
import { effectsOf } from "../../../../src/web/admin/access/revoke/revocation-words.ts";
import { demoLink } from "../../../../src/web/admin/access/tokens/demo-link.ts";
import { roomOf, tokenOf } from "../../../../src/web/demo/room-name.ts";

test.each([
  [" a.b.c\n", "a.b.c", undefined],
  ['"a.b.c"', "a.b.c", undefined],
  ["Authorization: Bearer a.b.c", "a.b.c", undefined],
  ["bearer.a.b.c", "a.b.c", undefined],
  ["wss://yurt.example/sync/notes%2F7?token=a.b.c", "a.b.c", "notes/7"],
  ["https://yurt.example/?room=notes%2F7#token=a.b.c", "a.b.c", "notes/7"],
  ["wss://yurt.example/signal?token=a.b.c", "a.b.c", undefined],
  ["ws://yurt.example/sync/notes", "", "notes"],
])("from %j the token and the room are taken", (text, token, room) => {
  expect(readPasted(text)).toEqual({ token, room });
});

test("the demo reads the link that the dashboard makes", () => {
  const link = demoLink(new URL("https://collab.example/yurt/"), { room: "notes & more/ü", token: "a-b_c.d.e" });
  expect(link.href).toStartWith("https://collab.example/yurt/?");
  expect([roomOf(link), tokenOf(link)]).toEqual(["notes & more/ü", "a-b_c.d.e"]);
});

test("the effect of a revocation names everything that must match", () => {
  expect(effectsOf({})).toEqual([]);
  expect(effectsOf({ user: "ann" }).join(" ")).toContain("ann loses access to all rooms");
  expect(effectsOf({ room: "notes/**" }).join(" ")).toContain("Everyone loses access to the rooms that match notes/**");
  const all = effectsOf({ user: "ann", room: "notes/7", tokenId: "one" }).join(" ");
  for (const part of ["ann", "notes/7", "one", "whenever it was issued"]) expect(all).toContain(part);
});

const refusal: Refusal = {
  ...{ time: "2026-11-30T09:12:44.215Z", event: "access-denied", reason: "expired", detail: null },
  ...{ protocol: null, address: null, remedy: null, omitted: 0 },
};

test("refusals are grouped by reason, most often first, and a denied upgrade counts once", () => {
  const groups = groupsOf({
    counts: [
      { event: "access-denied", reason: "expired", count: 3 },
      { event: "upgrade-refused", reason: "unauthenticated", count: 3 },
      { event: "upgrade-refused", reason: "origin", count: 5 },
    ],
    items: [
      { ...refusal, event: "connection-closed", reason: "rate-limited", omitted: 6 },
      { ...refusal, event: "origin-refused", reason: null, detail: "https://other.example" },
    ],
  });
  expect(groups).toEqual([
    { reason: "rate-limited", count: 7 },
    { reason: "origin", count: 5 },
    { reason: "expired", count: 3 },
  ]);
});

test("a denial and the session that it has ended are one refusal, in the list and in the counts", () => {
  const denial = { ...refusal, detail: "token expired", address: "203.0.113.7" };
  const session: Refusal = {
    ...{
      ...refusal,
      event: "session-refused",
      reason: "unauthorized",
      detail: "token expired",
      protocol: "hocuspocus",
    },
    time: "2026-11-30T09:12:44.216Z",
  };
  const forbidden = { ...session, reason: "forbidden", detail: "Invalid key provided", protocol: "peerjs" };
  const later = { ...session, time: "2026-11-30T09:12:50.000Z" };
  const items = withoutEchoes([later, forbidden, session, denial]);
  expect(items).toEqual([later, forbidden, { ...denial, protocol: "hocuspocus" }]);
  const counts = [
    { event: "session-refused", reason: "unauthorized", count: 9 },
    { event: "access-denied", reason: "expired", count: 9 },
    { event: "session-refused", reason: "room-full", count: 2 },
  ];
  expect(groupsOf({ counts, items })).toEqual([
    { reason: "expired", count: 9 },
    { reason: "room-full", count: 2 },
    { reason: "unauthorized", count: 1 },
    { reason: "forbidden", count: 1 },
  ]);
});

test("refusals that differ in their times only are one row, whose key stays when others follow", () => {
  const at = (time: string, difference: Partial<Refusal> = {}) => ({ ...refusal, time, ...difference });
  const first = at("2026-11-30T10:00:00.000Z", { omitted: 3 });
  const other = at("2026-11-30T10:00:01.000Z", { address: "203.0.113.7" });
  const second = at("2026-11-30T10:00:02.000Z");
  const [before] = repeatedIn([first]);
  expect(before).toMatchObject({ latest: first, count: 4 });
  const after = repeatedIn([second, other, first]);
  expect(after.map(({ count, latest }) => [latest, count])).toEqual([
    [second, 5],
    [other, 1],
  ]);
  expect(after[0]?.key).toBe(before?.key ?? "");
  expect(after[1]?.key).not.toBe(before?.key ?? "");
});

test("a detail that repeats the reason is left out", () => {
  expect(detailOf({ ...refusal, detail: "token expired" })).toBeUndefined();
  expect(detailOf({ ...refusal, reason: "refused", detail: "not a member" })).toBe("not a member");
  expect(detailOf({ ...refusal, event: "path-refused", reason: null, detail: "/x" })).toBe("/x");
});

test("the protocol tells the kind of room, as far as it is known", () => {
  expect([kindOf("hocuspocus"), kindOf("peerjs"), kindOf(null)]).toEqual(["sync", "signaling", undefined]);
});

test("a server without an access mode is open, and one that tells no settings is unknown", () => {
  const setting = (name: string, value: unknown) => ({ setting: name, value, origin: "not set", reloadable: false });
  expect(accessFactsOf([setting("auth.mode", null), setting("public-url", "https://a.example/")])).toEqual({
    mode: "open",
    publicUrl: "https://a.example/",
  });
  expect(accessFactsOf([])).toEqual({ mode: undefined, publicUrl: undefined });
  expect(accessFactsOf([setting("auth.mode", "webhook")]).mode).toBe("webhook");
});
