import * as v from "valibot";
import { option } from "../../config/option.ts";
import * as schemas from "../../config/schemas.ts";

/** Settings of the metrics: the token, and an address of their own. */
export const metricsOptions = {
  "metrics.token": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.bearerSecret),
    default: undefined,
    expected: "at least 16 characters without spaces, such as the output of openssl rand -hex 32",
    help: "bearer token for GET /metrics; if it is set, programs on this machine also need it",
    group: "Metrics",
    placeholder: "secret",
    isSecret: true,
    isReloadable: true,
  }),
  "metrics.listen": option<schemas.Address | undefined>({
    kind: "text",
    schema: v.optional(schemas.address),
    default: undefined,
    example: "127.0.0.1:9464",
    expected: "an address and a port, such as 127.0.0.1:9464 or [::1]:9464",
    help: "extra address:port that serves only /metrics, /healthz and /readyz, over plain HTTP and without a token",
    group: "Metrics",
    placeholder: "address:port",
  }),
};
