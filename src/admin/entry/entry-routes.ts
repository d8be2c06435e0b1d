import * as v from "valibot";
import { jsonBody } from "../../api/bodies.ts";
import { demandAdministrator } from "../../api/caller.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { Problem } from "../../api/problems.ts";
import { json, type Route, route } from "../../api/route.ts";
import type { AdminLinks } from "../../auth/admin/admin-links.ts";
import type { AuthLimits } from "../../auth/limits.ts";
import type { MintToken } from "../../auth/token-order.ts";
import type { Metrics } from "../../ops/metrics.ts";

export interface EntryRoutesOptions {
  readonly links: AdminLinks;
  readonly mint: MintToken;
  /** The URL at which browsers reach the server; undefined for that of the request. */
  readonly publicUrl: () => URL | undefined;
  readonly limits: Pick<ApiLimits, "apiJsonBytes"> & Pick<AuthLimits, "tokenMs">;
  readonly metrics: Pick<Metrics, "accessDenials">;
}

const tag = "Administration";
/** The lifetime of a session's token. An administrator who stays longer uses it to create another. */
const sessionMs = 3_600_000;
const maxCodeLength = 100;

const time = (description: string) =>
  v.pipe(v.string(), v.isoTimestamp(), v.metadata({ format: "date-time" }), v.description(description));

const shownLink = v.pipe(
  v.object({
    url: v.pipe(v.string(), v.description("The link. Its fragment has the code, which browsers send to no server")),
    code: v.pipe(v.string(), v.description("The code alone, for `POST /v1/admin/session`")),
    expiresAt: time("When the link expires, unless it is used before"),
  }),
  v.title("AdminLink"),
);

const session = v.pipe(
  v.object({
    token: v.pipe(v.string(), v.description("An administrator's token")),
    expiresAt: time("When the token expires"),
  }),
  v.title("AdminSession"),
);

const exchange = v.strictObject({
  code: v.pipe(v.string(), v.maxLength(maxCodeLength), v.description("The code of the link")),
});

/** The routes by which an administrator signs in: links that are valid once, and the tokens for them. */
export function entryRoutes({ limits, links, metrics, mint, publicUrl }: EntryRoutesOptions): readonly Route[] {
  return [
    route({
      method: "post",
      path: "/v1/admin/links",
      id: "createAdminLink",
      tag,
      summary: "Make a link that lets its reader in as an administrator, once",
      description:
        "It is valid for 30 minutes, on every node of a cluster; that of a server on its own until the server ends. Needs an administrator's token: no API key.",
      needs: "docs:admin",
      answers: { 201: { description: "The link, which is shown this once", json: shownLink } },
      handle: async ({ caller, request }) => {
        demandAdministrator(caller);
        const { code, expiresAt } = await links.create();
        const base = publicUrl()?.href.replace(/\/$/, "") ?? new URL(request.url).origin;
        return json({ url: linkUrl(`${base}/admin`, code), code, expiresAt: isoTime(expiresAt) }, 201);
      },
    }),
    route({
      method: "post",
      path: "/v1/admin/session",
      id: "createAdminSession",
      tag,
      summary: "Exchange the code of a link for an administrator's token",
      description:
        "The token is valid for an hour, or for limits.token-ms if that is shorter. Pages keep it in their memory only.",
      needs: undefined,
      body: jsonBody(exchange, { description: "The code", maxBytes: () => limits.apiJsonBytes }),
      answers: { 201: { description: "The token", json: session } },
      problems: ["unauthorized"],
      handle: async ({ body }) => {
        if (!(await links.use(body.code))) {
          metrics.accessDenials.inc({ kind: "api", code: "expired" });
          throw new Problem("unauthorized", "The link was used, or has expired. Make another one: yurt admin link.", {
            headers: { "www-authenticate": "Bearer" },
            denial: "expired",
          });
        }
        const lifetimeMs = Math.min(sessionMs, limits.tokenMs);
        const minted = await mint({ rooms: new Map(), isAdmin: true, lifetimeMs });
        if (minted === "too-long") throw new Error("a token without rooms is too long");
        return json({ token: minted.token, expiresAt: isoTime(minted.expiresAt) }, 201);
      },
    }),
  ];
}

/** The URL of a page with a code in its fragment, which is not sent to the server, so it stays out of logs. */
export function linkUrl(page: string, code: string): string {
  return `${page}#code=${code}`;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
