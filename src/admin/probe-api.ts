import { Hono } from "hono";
import type { Administration } from "../auth/administration.ts";
import type { Clock } from "../lib/time/clock.ts";
import { httpStatusOf } from "../rooms/denial.ts";
import type { HttpEnvironment } from "../transport/protocol.ts";

export interface ProbeApiOptions {
  readonly administration: Administration;
  readonly clock: Clock;
}

/** A request as the server has received it. */
export interface Arrival {
  /** The address that limits count as the client's. */
  readonly remoteAddress: string;
  readonly headers: Readonly<Partial<Record<ProbedHeader, string>>>;
}

/** The headers that a proxy has to pass on or to add. */
export const probedHeaders = ["host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"] as const;

export type ProbedHeader = (typeof probedHeaders)[number];

const lifetimeMs = 60_000;
const mostProbes = 16;

/**
 * Shows an administrator how a request arrives that takes the way of the clients, through the reverse proxy.
 *
 * `POST /api/probes` needs an administrator's token, and is for the server's own port. `GET /api/probes/ID` needs none,
 * so that none is sent to whatever answers at the public URL: the id is secret, for one request within a minute.
 */
export function createProbeApi({ administration, clock }: ProbeApiOptions): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  /** The ends of their lifetimes, by id, in the order in which they were made. */
  const probes = new Map<string, number>();
  app.use("/api/probes/*", async (context, next) => {
    await next();
    context.header("cache-control", "no-store");
  });
  app.post("/api/probes", async (context) => {
    const denial = await administration.refuse(context.req.raw);
    if (denial !== undefined) return context.json({ error: denial.reason }, httpStatusOf(denial));
    const [oldest] = probes.keys();
    if (oldest !== undefined && probes.size >= mostProbes) probes.delete(oldest);
    const id = crypto.randomUUID();
    probes.set(id, clock.elapsedMs() + lifetimeMs);
    return context.json({ id }, 201);
  });
  app.get("/api/probes/:id", (context) => {
    const id = context.req.param("id");
    const expiresAt = probes.get(id);
    probes.delete(id);
    if (expiresAt === undefined || clock.elapsedMs() >= expiresAt) return context.json({ error: "no such probe" }, 404);
    const headers = probedHeaders.flatMap((name) => {
      const value = context.req.header(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    const arrival: Arrival = { remoteAddress: context.env.remoteAddress, headers: Object.fromEntries(headers) };
    return context.json(arrival);
  });
  return app;
}
