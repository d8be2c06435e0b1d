import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as v from "valibot";
import type { Administration } from "../auth/administration.ts";
import type { Authorizer, Denial } from "../auth/authorizer.ts";
import { roomPattern, tokenId, userId } from "../auth/identifiers.ts";
import type { AuthLimits } from "../auth/limits.ts";
import { roomPermissions } from "../auth/room-permissions.ts";
import type { MintToken } from "../auth/token-order.ts";
import { durationForms, parseDuration } from "../config/duration.ts";
import type { CountedAddresses } from "../lib/address/counted-addresses.ts";
import { KeyedBuckets } from "../lib/keyed-buckets.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { Metrics } from "../ops/metrics.ts";
import { closeReasonOf, httpStatusOf, isTemporary } from "../rooms/denial.ts";
import type { RoomLimits } from "../rooms/limits.ts";
import type { HttpEnvironment } from "../transport/protocol.ts";
import {
  type AccessQuestion,
  type FactFinders,
  readQuestion,
  type SentFacts,
  sentFacts,
} from "./access/access-question.ts";
import type { AdminLimits } from "./limits.ts";

/** Revokes the permissions that match every given member. */
export interface RevocationOrder {
  readonly user?: string | undefined;
  /** A room pattern. */
  readonly room?: string | undefined;
  readonly tokenId?: string | undefined;
  /** Epoch milliseconds until which the revocation is kept; by default as long as any token can be valid. */
  readonly until?: number | undefined;
}

export interface AccessApiOptions extends FactFinders {
  readonly authorizer: Authorizer;
  readonly administration: Administration;
  readonly mint: MintToken;
  /**
   * Undefined in mode `open`. Resolves with the number of memberships that it has ended here when the revocation is kept; `not-kept` when
   * it may not be kept, and is in force on this server alone until it ends; `full` when no more revocations can be kept.
   */
  readonly revoke:
    | ((order: RevocationOrder) => Promise<{ readonly ended: number; readonly until: number } | "not-kept" | "full">)
    | undefined;
  /** Sets which pages may read the answers. */
  readonly cors: MiddlewareHandler;
  readonly addresses: CountedAddresses;
  readonly limits: AdminLimits & RoomLimits & Pick<AuthLimits, "tokenMs">;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "bounds">;
}

type RouteContext = Context<HttpEnvironment>;

const defaultLifetimeMs = 3_600_000;
const bodyBytes = 65_536;

const lifetime = `give ${durationForms}, or seconds`;
const epochMs = "give epoch milliseconds";

const duration = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.transform(String))], lifetime),
  v.transform(parseDuration),
  v.number(lifetime),
);
const tokenOrder = v.pipe(
  bodyOf({
    rooms: v.optional(roomPermissions, () => ({})),
    user: v.optional(userId),
    admin: v.optional(v.boolean("give true or false"), false),
    ttl: v.optional(duration),
  }),
  v.check(({ rooms, admin }) => rooms.size > 0 || admin, "name rooms, or admin"),
);
const revocationOrder = v.pipe(
  bodyOf({
    user: v.optional(userId),
    room: v.optional(roomPattern),
    tokenId: v.optional(tokenId),
    expiresAt: v.optional(v.pipe(v.number(epochMs), v.integer(epochMs), v.minValue(1e11, epochMs))),
  }),
  v.check(({ user, room, tokenId }) => (user ?? room ?? tokenId) !== undefined, "name a user, a room or a tokenId"),
);

/** The body of a request, which has no other members. */
function bodyOf<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.strictObject(entries, ({ expected }) => (expected === "never" ? "unknown member" : "give a JSON object"));
}

/** The HTTP routes of access control, for applications and administrators. */
export function createAccessApi(options: AccessApiOptions): Hono<HttpEnvironment> {
  const { addresses, administration, cors, limits, clock, metrics, mint, revoke } = options;
  const app = new Hono<HttpEnvironment>();
  const validations = new KeyedBuckets({
    get burst() {
      return limits.validationBurst;
    },
    get perSecond() {
      return limits.validationsPerSecond;
    },
    clock,
  });
  for (const path of ["/api/validate", "/api/tokens", "/api/revocations"]) {
    app.use(path, cors, bodyLimit({ maxSize: bodyBytes }), async (context, next) => {
      await next();
      context.header("cache-control", "no-store");
    });
  }

  app.get("/api/validate", async (context) => {
    const key = addresses.keyOf(context.env.remoteAddress);
    if (key !== undefined && !validations.of(key).take()) {
      metrics.bounds.met("limits.validations-per-second");
      return context.json({ error: "too many requests from this address" }, 429, { "retry-after": "1" });
    }
    const { env, req } = context;
    const asked = { query: req.query(), request: req.raw, remoteAddress: env.remoteAddress };
    const question = readQuestion(asked, limits);
    if (typeof question === "string") return context.json({ error: question }, 400);
    return answer(context, question, options);
  });

  for (const path of ["/api/tokens", "/api/revocations"]) {
    app.post(path, async (context, next) => {
      const denial = await administration.refuse(context.req.raw);
      return denial === undefined ? next() : refused(context, denial);
    });
  }

  app.post("/api/tokens", async (context) => {
    const order = await readBody(context, tokenOrder);
    if (typeof order === "string") return context.json({ error: order }, 400);
    const { rooms, user, admin: isAdmin, ttl: lifetimeMs = defaultLifetimeMs } = order;
    if (lifetimeMs > limits.tokenMs) return context.json({ error: "ttl: longer than limits.token-ms allows" }, 400);
    const minted = await mint({ rooms, user, isAdmin, lifetimeMs });
    if (minted === "too-long")
      return context.json({ error: "the token would be longer than tokens may be: name fewer rooms" }, 400);
    return context.json(minted, 201);
  });

  app.post("/api/revocations", async (context) => {
    if (revoke === undefined) {
      return context.json({ error: "auth.mode is open: there is nothing to revoke" }, 409);
    }
    const order = await readBody(context, revocationOrder);
    if (typeof order === "string") return context.json({ error: order }, 400);
    const { expiresAt: until, ...target } = order;
    const revoked = await revoke({ ...target, until });
    if (revoked === "not-kept") {
      const error = "revoked on this server until it is restarted: it could not be stored. Send it again";
      return context.json({ error }, 503, { "retry-after": "5" });
    }
    if (revoked === "full") {
      metrics.bounds.met("limits.revocations");
      return context.json(
        { error: "not revoked: as many revocations as limits.revocations allows are remembered already" },
        507,
      );
    }
    return context.json(revoked, 201);
  });
  return app;
}

/** Authorizes as a WebSocket does, because browsers hide why a handshake was refused. */
async function answer(
  context: RouteContext,
  { askedOrigin, ...request }: AccessQuestion,
  options: Pick<AccessApiOptions, "authorizer" | keyof FactFinders>,
): Promise<Response> {
  const facts = sentFacts({ askedOrigin, ...request }, context.req.raw, options);
  const decision = await options.authorizer.authorize(request);
  if (!decision.granted) return refused(context, decision, facts);
  const { access, user, expiresAt } = decision;
  decision.release();
  return context.json({ granted: true, access, user, expiresAt, ...facts });
}

function refused(context: RouteContext, denial: Denial, facts: SentFacts = {}): Response {
  const { kind, code, reason } = denial;
  const status = httpStatusOf(denial);
  if (status === 401) context.header("www-authenticate", "Bearer");
  if (isTemporary(denial)) context.header("retry-after", "5");
  return context.json({ granted: false, kind, code, reason, closeCode: closeReasonOf(denial).code, ...facts }, status);
}

/** The body, or why it is invalid. */
async function readBody<T>(context: RouteContext, schema: v.GenericSchema<unknown, T>): Promise<T | string> {
  const body: unknown = await context.req.json().catch(() => undefined);
  const checked = v.safeParse(schema, body);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  const member: unknown = issue.path?.[0]?.key;
  return member === undefined ? issue.message : `${String(member)}: ${issue.message}`;
}
