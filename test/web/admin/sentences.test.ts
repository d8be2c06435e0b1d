import { expect, test } from "bun:test";
import { YurtError } from "../../../src/client/errors.ts";
import { sentenceOf } from "../../../src/web/admin/data/sentence-of.ts";

function problem(message: string, code: string, errors: YurtError["errors"] = []): YurtError {
  return new YurtError(message, { status: 422, code, errors, requestId: undefined, retryAfterMs: undefined });
}

test.each([
  [problem("The URL leads to a private network.", "invalid-request"), "The URL leads to a private network."],
  [problem("The URL is bad.", "invalid-request", [{ pointer: "/url", detail: "The URL is bad." }]), "The URL is bad."],
  [
    problem("Two faults.", "invalid-request", [{ pointer: "/events", detail: "There is none." }]),
    "Two faults. /events: There is none.",
  ],
  [
    problem("GET /v1/openapi.json lists the routes.", "no-such-route"),
    "This server has no documents and no webhooks: it runs with --no-sync.",
  ],
  [new TypeError("Failed to fetch"), "The server does not answer."],
])("a failure is told once, for people: %#", (error, sentence) => {
  expect(sentenceOf(error)).toBe(sentence);
});
