import { type LimitValues, limits } from "../config/limit.ts";

const dayMs = 86_400_000;

export const authLimits = limits({
  tokenMs: {
    default: 366 * dayMs,
    unit: "ms",
    help: "lifetime of a token; a revocation is remembered as long",
  },
  revocations: {
    default: 10_000,
    unit: "count",
    help: "revocations that are remembered; beyond it the administrator is refused another",
  },
  webhookTimeoutMs: {
    default: 3_000,
    unit: "ms",
    help: "until your app has answered a webhook request, the wait for a free request included",
  },
  webhookConcurrency: {
    default: 64,
    unit: "count",
    help: "webhook requests at a time",
    beyond: "delayed",
    needsRestart: true,
  },
  webhookQueue: {
    default: 500,
    unit: "count",
    help: "webhook requests that wait for one address (of IPv6: one /64); beyond it clients are refused for now",
  },
  webhookCacheMs: {
    default: 5_000,
    unit: "ms",
    min: 0,
    help: "how long an answer of your app is used for the same webhook request; 0 asks it every time",
  },
  webhookCacheEntries: {
    default: 10_000,
    unit: "count",
    help: "answers of your app that are remembered",
    needsRestart: true,
  },
});

export type AuthLimits = LimitValues<typeof authLimits>;
