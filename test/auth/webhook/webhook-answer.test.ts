import { describe, expect, test } from "bun:test";
import type { AccessRequest, Denial } from "../../../src/auth/authorizer.ts";
import { type AnswerStatus, isAnswerStatus, readAnswer } from "../../../src/auth/webhook/webhook-answer.ts";
import { WebhookFailure } from "../../../src/auth/webhook/webhook-failure.ts";

const now = 1_700_000_000_000;
const request: AccessRequest = {
  kind: "sync",
  room: "team (a)",
  remoteAddress: "192.0.2.1",
  token: "s3cret",
  signal: new AbortController().signal,
};

const readText = (text: string | Uint8Array, status: AnswerStatus = 200) =>
  readAnswer({ status, body: Buffer.from(text) }, request, now);
const read = (answer: unknown, status?: AnswerStatus) => readText(JSON.stringify(answer), status);

function failureOf(body: string | Uint8Array): unknown {
  try {
    return readText(body);
  } catch (error) {
    return error instanceof WebhookFailure ? error.kind : error;
  }
}

const refused: Denial = {
  granted: false,
  kind: "forbidden",
  code: "refused",
  reason: "your app's webhook denied access",
};
const unknownToken: Denial = {
  ...refused,
  kind: "unauthorized",
  reason: "your app's webhook rejected the token",
};
const expired: Denial = { granted: false, kind: "unauthorized", code: "expired", reason: "permission expired" };

describe("a permission", () => {
  test.each(["read", "write"])("is %j, without an expiry or a user", (access) => {
    expect(read({ access })).toEqual({ granted: true, access, user: undefined, expiresAt: undefined });
  });

  test.each([
    ["a number of milliseconds", now + 60_000, now + 60_000],
    ["a broken number", now + 0.5, now + 0.5],
    ["a time of ISO 8601", "2023-11-14T22:14:20Z", now + 60_000],
    ["a time with an offset", "2023-11-15T00:14:20.500+02:00", now + 60_500],
    ["a time with microseconds", "2023-11-14T22:14:20.123456+00:00", now + 60_123],
    ["the last time that has four digits", "9999-12-31T23:59:59Z", 253_402_300_799_000],
    ["the largest number", 1e14, 1e14],
    ["null", null, undefined],
  ])("ends as it says: %s", (_name, expiresAt, expected) => {
    expect(read({ access: "write", expiresAt })).toMatchObject({ granted: true, access: "write", expiresAt: expected });
  });

  test.each([
    ["now", now],
    ["a moment ago", now - 1],
    ["in the year 1973", 1e11],
    ["in the year 2020", "2020-01-01T00:00:00Z"],
  ])("that has ended, %s, is none", (_name, expiresAt) => {
    expect(read({ access: "write", expiresAt })).toEqual(expired);
  });

  test.each(["ada", "Ada Lovelace <ada@example.com>", "日本", "é".repeat(1_024), null, ""])(
    "may have a user: %j",
    (user) => {
      expect(read({ access: "read", user })).toMatchObject({ granted: true, user: user || undefined });
    },
  );

  test("has its user in the form in which users are compared", () => {
    expect(read({ access: "read", user: "Zoe\u0308" })).toMatchObject({ user: "Zo\u00eb" });
  });

  test("may begin with a byte order mark", () => {
    expect(readText('\ufeff{"access":"read"}')).toMatchObject({ granted: true });
  });

  test("may have unknown fields", () => {
    expect(read({ access: "read", plan: { seats: 3 }, granted: false })).toMatchObject({
      granted: true,
      access: "read",
    });
  });
});

describe("no permission", () => {
  test("is granted by an answer with access none, whatever else it says", () => {
    expect(read({ access: "none", user: 7, expiresAt: "never", reason: 5 })).toEqual(refused);
  });

  test.each(["", "<html>", '"no"', "[]", "{}", '{"reason":7}', '{"access":"write"}'])(
    "is given by the statuses that say so, with %j",
    (body) => {
      expect(readText(body, 401)).toEqual(unknownToken);
      expect(readText(body, 403)).toEqual(refused);
    },
  );

  test.each([
    ["You are not in this team", "You are not in this team"],
    ["  Ask your admin.\r\n\u0000\u001b[31mNow.  ", "Ask your admin. [31mNow"],
    ["x\u2028y\ud800z", "x y z"],
    ["é".repeat(200), "é".repeat(200)],
    ["😀".repeat(201), "😀".repeat(200)],
    ["for teams (a) and (b)", "for teams (a) and (b)"],
    ["for steam (a) alone", "for steam (a) alone"],
    ["for team (a)2", "for team (a)2"],
  ])("comes with the application's reason: %j", (reason, expected) => {
    expect(read({ access: "none", reason })).toEqual({ ...refused, reason: expected });
    expect(read({ reason }, 401)).toEqual({ ...unknownToken, reason: expected });
    expect(read({ reason }, 403)).toEqual({ ...refused, reason: expected });
  });

  test.each(["", " ", ".", "\u0007", "team (a) is not yours", "no token as-s3cret-as this", "in 'team (a)'"])(
    "comes with a reason of our own instead of %j",
    (reason) => {
      expect(read({ access: "none", reason })).toEqual(refused);
      expect(read({ reason }, 401)).toEqual(unknownToken);
    },
  );
});

describe("it is a failure", () => {
  test("not-json: bytes that are not UTF-8", () => {
    expect(failureOf(Buffer.from('{"access":"read","user":"\u00ff"}', "latin1"))).toBe("not-json");
  });

  test.each([
    ["not-json", ""],
    ["not-json", "<!doctype html>"],
    ["not-json", '{"access":"write"'],
    ["not-json", "[".repeat(60_000)],
    ["bad-access", "null"],
    ["bad-access", "[]"],
    ["bad-access", '"write"'],
    ["bad-access", "true"],
    ["bad-access", "{}"],
    ["bad-access", '{"access":"admin"}'],
    ["bad-access", '{"access":"Write"}'],
    ["bad-access", '{"access":["write"]}'],
    ["bad-access", '{"access":true}'],
    ["bad-access", '{"access":null,"user":7}'],
    ["bad-user", '{"access":"read","user":7}'],
    ["bad-user", '{"access":"read","user":"a\\u0000b"}'],
    ["bad-user", '{"access":"read","user":"a\\u0085b"}'],
    ["bad-user", '{"access":"read","user":"\\ud800"}'],
    ["bad-user", JSON.stringify({ access: "read", user: "é".repeat(1_025) })],
    ["bad-expires-at", '{"access":"read","expiresAt":true}'],
    ["bad-expires-at", '{"access":"read","expiresAt":"tomorrow"}'],
    ["bad-expires-at", '{"access":"read","expiresAt":"1700000060000"}'],
    ["bad-expires-at", '{"access":"read","expiresAt":"2030-01-01"}'],
    ["bad-expires-at", '{"access":"read","expiresAt":"2030-01-01T00:00:00"}'],
    ["bad-expires-at", '{"access":"read","expiresAt":"2030-13-01T00:00:00Z"}'],
    ["bad-expires-at", '{"access":"read","expiresAt":"2030-01-01T00:00:00+02"}'],
    ["bad-expires-at", '{"access":"read","expiresAt":1e400}'],
    ["bad-expires-at", '{"access":"read","expiresAt":1700000060000000}'],
    ["expires-at-in-seconds", '{"access":"read","expiresAt":1700000060}'],
    ["expires-at-in-seconds", '{"access":"write","expiresAt":99999999999}'],
    ["expires-at-in-seconds", '{"access":"read","expiresAt":0}'],
    ["expires-at-in-seconds", '{"access":"read","expiresAt":-1}'],
    ["bad-content", '{"access":"read","content":"not base64!"}'],
    ["bad-content", '{"access":"read","content":[1]}'],
  ])("%s: %.60s", (kind, body) => {
    expect(failureOf(body)).toBe(kind);
  });
});

test("three statuses are answers", () => {
  const statuses = Array.from({ length: 500 }, (_, index) => 100 + index);
  expect(statuses.filter(isAnswerStatus)).toEqual([200, 401, 403]);
});
