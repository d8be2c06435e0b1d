import { expect, test } from "bun:test";
import type { AccessDenied, AccessGranted, TokenContents } from "../../../../src/client/server/access.ts";
import { closeReasonNames, denialCodes, upgradeRefusals } from "../../../../src/ops/metrics/label-values.ts";
import { reasonWords } from "../../../../src/web/admin/access/reasons/reason-words.ts";
import { verdictsOf } from "../../../../src/web/admin/access/reasons/verdicts.ts";
import { readToken } from "../../../../src/web/admin/data/token-claims.ts";
import { tokenFor } from "../../../support/bytes/tokens.ts";

const now = Date.parse("2026-11-30T12:00:00Z");

/** The only verdict about a denial of a token with these contents. */
function denied(code: string, contents: Partial<TokenContents> = {}, room = "notes/7/8") {
  const token = { rooms: {}, admin: false, ...contents };
  const answer: AccessDenied = {
    granted: false,
    kind: "unauthorized",
    code,
    reason: "some reason",
    closeCode: 4401,
    token,
  };
  const [verdict, ...others] = verdictsOf({ answer, room, mode: "token", now });
  expect(others).toEqual([]);
  return verdict;
}

test("every reason that the server knows has words and a remedy of its own", () => {
  const reasons = [...new Set<string>([...denialCodes, ...closeReasonNames, ...upgradeRefusals])];
  for (const reason of reasons.filter((each) => each !== "finished")) {
    const { remedy, title } = reasonWords(reason);
    expect([reason, title]).not.toEqual([reason, reason]);
    expect([reason, remedy.length > 0]).toEqual([reason, true]);
  }
});

test("a reason without words is shown as it is, with the server's sentence", () => {
  expect(denied("something-new")).toEqual({
    ...{ tone: "away", title: "something-new", text: "Some reason." },
    ...{ remedies: [], isHelpedByToken: false },
  });
});

test("an expired token says when it has expired, and a malformed one what is wrong", () => {
  expect(denied("expired", { expiresAt: now - 3 * 3_600_000 })?.text).toStartWith("It expired 3 hours ago, on ");
  expect(denied("malformed-token", { invalidClaims: ["exp", "sub"] })?.text).toEndWith("invalid: exp, sub.");
});

test.each([
  [{ "notes/*": "read" }, "notes/7/8", "notes/* does not match notes/7/8, because * matches no /. notes/** does."],
  [{ "Notes/7": "read" }, "notes/7", "The token names Notes/7, which is not the same as notes/7"],
  [{ "notes/7": "read" }, "/notes/7", "The token names notes/7, which is not the same as /notes/7"],
  [{ "notes/7": "read" }, "notes%2F7", "The room is percent-encoded once too often: the token names notes/7"],
  [{}, "notes/7", "It names no room."],
] as const)("a token for %j is told from the room %s", (rooms, room, text) => {
  expect(denied("wrong-room", { rooms }, room)?.text).toStartWith(text);
});

test("nothing is added to a title that says all, and the server's sentence to one that does not", () => {
  expect(denied("wrong-room", { rooms: { "news/**": "read" } })?.text).toBeUndefined();
  expect(denied("refused")?.text).toBe("Some reason.");
});

test("a new token is offered where it helps, and where tokens decide", () => {
  expect(denied("wrong-room")?.isHelpedByToken).toBe(true);
  expect(denied("unavailable")?.isHelpedByToken).toBe(false);
  const answer: AccessDenied = { granted: false, kind: "unauthorized", code: "no-token", reason: "", closeCode: 4401 };
  const [asked] = verdictsOf({ answer, room: "a", mode: "webhook", now });
  expect(asked?.isHelpedByToken).toBe(false);
});

test("an administrator's token opens no room", () => {
  expect(denied("wrong-room", { admin: true })?.text).toBe("It is an administrator's token, which opens no room.");
});

const reader: AccessGranted = { granted: true, access: "read", user: "ann" };

test("read access explains refused edits, and an open server looks at no token", () => {
  expect(verdictsOf({ answer: reader, room: "a", mode: "token", now })).toEqual([
    expect.objectContaining({ title: "The user ann may read this room, but not write", tone: "good" }),
  ]);
  const [open] = verdictsOf({ answer: reader, room: "a", mode: "open", now });
  expect(open?.text).toContain("it looks at no token");
});

test("a deleted document is told although its token is valid", () => {
  const [verdict] = verdictsOf({ answer: reader, room: "a", isDeleted: true, mode: "token", now });
  expect(verdict?.title).toBe("The document is deleted");
});

test("a refused origin is told beside the permission, and one that is allowed is not", () => {
  const titles = (allowed: boolean) =>
    verdictsOf({
      answer: {
        ...reader,
        origin: { origin: "https://a.example", allowed, ...(!allowed && { reason: "Not listed." }) },
      },
      room: "a",
      mode: "token",
      now,
    }).map(({ title }) => title);
  expect(titles(true)).toHaveLength(1);
  expect(titles(false)).toEqual(["Pages of this origin may not connect", expect.stringContaining("ann")]);
});

test("the claims of a token are read, in any language, and a text that is none has none", async () => {
  const token = await tokenFor({ "übung/**": "write", "news/*": "read" }, { sub: "Zoë", jti: "one" });
  expect(readToken(token)).toMatchObject({ user: "Zoë", rooms: ["übung/**", "news/*"], tokenId: "one" });
  for (const text of ["", "yk_abc", "a.b.c", "e30.e30", "null.null.null", `${token}.more`])
    expect([text, readToken(text)]).toEqual([text, undefined]);
});
