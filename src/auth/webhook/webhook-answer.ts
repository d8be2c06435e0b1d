import * as v from "valibot";
import type { Permission } from "../access-policy.ts";
import type { AccessRequest, Denial } from "../authorizer.ts";
import { absentIfEmpty, comparable, userId } from "../identifiers.ts";
import { WebhookFailure, type WebhookFailureKind } from "./webhook-failure.ts";

/** The statuses of valid answers. Any other status is a failure, and its body is ignored. */
const answerStatuses = [200, 401, 403] as const;
export type AnswerStatus = (typeof answerStatuses)[number];

/** The webhook's HTTP response, not yet decoded. */
export interface WebhookReply {
  readonly status: AnswerStatus;
  readonly body: Uint8Array;
}

/** A smaller number, read as milliseconds, is a time before 1973; it was meant as seconds. */
const minMilliseconds = 1e11;
/** A greater number, read as milliseconds, is a time after the year 5000; it was meant as microseconds. */
const maxMilliseconds = 1e14;
const reasonLength = 200;

const isoTime = v.pipe(v.string(), v.isoTimestamp(), v.transform(Date.parse), v.number());
const epochMilliseconds = v.pipe(
  v.number(),
  v.maxValue(maxMilliseconds),
  v.minValue(minMilliseconds, "expires-at-in-seconds" satisfies WebhookFailureKind),
);

const base64 = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return Uint8Array.fromBase64(dataset.value);
    } catch {
      addIssue();
      return NEVER;
    }
  }),
);

// Many languages serialize a missing value as `null`.
const decisionSchema = v.variant("access", [
  v.object({ access: v.literal("none") }),
  v.object({
    access: v.picklist(["read", "write"]),
    user: v.nullish(absentIfEmpty(userId)),
    expiresAt: v.nullish(v.union([epochMilliseconds, isoTime])),
    content: v.nullish(base64),
  }),
]);

const reasonSchema = v.object({ reason: v.string() });

const failuresOfFields: Readonly<Record<string, WebhookFailureKind>> = {
  user: "bad-user",
  expiresAt: "bad-expires-at",
  content: "bad-content",
};

const denialReason = "your app's webhook denied access";
const permissionExpired: Denial = {
  granted: false,
  kind: "unauthorized",
  code: "expired",
  reason: "permission expired",
};
const unknownTokenReason = "your app's webhook rejected the token";

export function isAnswerStatus(status: number): status is AnswerStatus {
  return answerStatuses.some((each) => each === status);
}

/** Decodes the answer to `request`. Throws `WebhookFailure` if the response is not a valid answer. */
export function readAnswer({ status, body }: WebhookReply, request: AccessRequest, now: number): Permission | Denial {
  switch (status) {
    case 200:
      return readDecision(parseJson(body), request, now);
    case 401:
      return denial("unauthorized", reasonIn(parseJson(body), request) ?? unknownTokenReason);
    case 403:
      return denial("forbidden", reasonIn(parseJson(body), request) ?? denialReason);
  }
}

function readDecision(json: unknown, request: AccessRequest, now: number): Permission | Denial {
  if (json === undefined) throw new WebhookFailure("not-json");
  const parsed = v.safeParse(decisionSchema, json);
  if (!parsed.success) throw new WebhookFailure(failureOf(parsed.issues[0]));
  const decision = parsed.output;
  if (decision.access === "none") return denial("forbidden", reasonIn(json, request) ?? denialReason);
  const expiresAt = decision.expiresAt ?? undefined;
  if (expiresAt !== undefined && expiresAt <= now) return permissionExpired;
  const { access, content, user } = decision;
  return {
    ...{ granted: true, access, user: user ?? undefined, expiresAt },
    // Topics of signaling have no content.
    ...(content != null && request.kind === "sync" && { firstContent: content }),
  };
}

function denial(kind: "unauthorized" | "forbidden", reason: string): Denial {
  return { granted: false, kind, code: "refused", reason };
}

function failureOf(issue: v.BaseIssue<unknown>): WebhookFailureKind {
  const messages = [issue, ...(issue.issues ?? [])].map(({ message }) => message);
  if (messages.includes("expires-at-in-seconds")) return "expires-at-in-seconds";
  return failuresOfFields[String(issue.path?.[0]?.key)] ?? "bad-access";
}

/**
 * The reason that the app gives for the client, cleaned for display and for logs; undefined if it gives none.
 *
 * A reason that quotes the token or the room is dropped, since it would put them into logs.
 */
function reasonIn(json: unknown, { token, room }: AccessRequest): string | undefined {
  if (!v.is(reasonSchema, json)) return undefined;
  if (quotes(json.reason, room) || (token !== undefined && token !== "" && json.reason.includes(token)))
    return undefined;
  const oneLine = json.reason.replaceAll(/[\p{Cc}\p{Cs}\s]+/gu, " ").trim();
  const short = Array.from(oneLine).slice(0, reasonLength).join("").replace(/\.$/, "");
  return short === "" ? undefined : short;
}

/** Whether `text` contains `name`, in whatever form, as a whole word or words: a room may be named `a`. */
function quotes(text: string, name: string): boolean {
  const word = RegExp.escape(comparable(name));
  return new RegExp(`(?<![\\p{L}\\p{N}])${word}(?![\\p{L}\\p{N}])`, "u").test(comparable(text));
}

/** Undefined for invalid JSON and for invalid UTF-8, which would make different names look the same. */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
