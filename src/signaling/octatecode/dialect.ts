import type { JsonDialect } from "../dialects.ts";
import { isOctateCode } from "./codec.ts";
import { octateCodeRoutes, type RoutesOptions } from "./routes.ts";
import { OctateCodeSession } from "./session.ts";

/** Signaling for OctateCode: rooms that a host creates and clients join with a token, and its HTTP routes. */
export function octateCode(options: RoutesOptions): JsonDialect {
  return {
    name: "octatecode",
    recognises: isOctateCode,
    routes: octateCodeRoutes(options),
    open: (client) => new OctateCodeSession(client, options),
  };
}
