import packageJson from "../../../package.json" with { type: "json" };
import { ApiAccess } from "../../api/api-access.ts";
import { createApi } from "../../api/create-api.ts";
import { RequestCount } from "../../api/request-count.ts";
import type { Route } from "../../api/route.ts";
import type { Administration } from "../../auth/administration.ts";
import type { AuthOptions } from "../../auth/auth-options.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { ApiKeys } from "../../auth/keys/api-keys.ts";
import { whyNotLocal } from "../../lib/address/local-request.ts";
import { LimitedLog } from "../../ops/limited-log.ts";
import { crossOrigin } from "../../transport/admission/cross-origin.ts";
import type { OriginPolicy } from "../../transport/admission/origin-policy.ts";
import type { Part } from "../part.ts";
import type { PartDependencies, ServerOptions } from "../server-options.ts";
import { isBehindProxy } from "./known-proxy.ts";

export interface ApiPartOptions
  extends Pick<PartDependencies, "addresses" | "clock" | "limits" | "log" | "metrics" | "originPolicy">,
    Pick<ServerOptions, "publicUrl" | "proxies"> {
  readonly auth: Pick<AuthOptions, "mode">;
  readonly authorizer: Authorizer;
  readonly administration: Administration;
  /** Undefined for a server without API keys. */
  readonly apiKeys: ApiKeys | undefined;
}

/** The response headers that pages may read beside the usual ones. */
const exposedHeaders = ["Accept-Ranges", "Content-Range", "ETag", "Location", "Retry-After"];

/** The longest wait for answers when the server stops. */
const drainMs = 2_000;

const noKeys: ApiKeys = { find: () => undefined };

/** The part of a server that serves `routes`, those of all parts, under `/v1`. */
export function openApi(routes: readonly Route[], options: ApiPartOptions): Part {
  const { administration, apiKeys, authorizer, clock, log, metrics, originPolicy } = options;
  const limitedLog = new LimitedLog(log, clock);
  let settings: Pick<ServerOptions, "publicUrl" | "proxies"> = options;
  let isStopping = false;
  const requests = new RequestCount();
  const access = new ApiAccess({
    authorizer,
    administration,
    keys: apiKeys ?? noKeys,
    isAtHome: ({ headers }, remoteAddress) =>
      isForHome(originPolicy) && !isBehindProxy(settings) && whyNotLocal(remoteAddress, headers) === undefined,
    refused: ({ code, reason }, address) => {
      metrics.accessDenials.inc({ kind: "api", code });
      limitedLog.info({ event: "access-denied", kind: "api", code, reason, address }, code);
    },
  });
  return {
    endpoints: [{ label: "API", scheme: "http", path: "/v1" }],
    segmentPrefixes: ["/v1/"],
    routes: createApi(routes, {
      ...options,
      access,
      requests,
      cors: crossOrigin(originPolicy, exposedHeaders),
      limitedLog,
      version: packageJson.version,
      isStopping: () => isStopping,
    }),
    reload: (next) => {
      settings = next;
    },
    // By now the relay has stored all that has come, or has given it up: the answers that are left say so. Bodies that
    // have not come by then are not waited for.
    drain: async () => {
      isStopping = true;
      const { promise: over, resolve } = Promise.withResolvers<void>();
      const cancel = clock.after(drainMs, resolve);
      await Promise.race([requests.idle(), over]);
      cancel();
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Whether everyone who reaches the listener may enter, and only programs of this machine can. */
function isForHome({ isForThisMachine, isOpen }: OriginPolicy): boolean {
  return isForThisMachine && isOpen;
}
