import type { Denial } from "../authorizer.ts";
import { apiKeyPrefix } from "./api-keys.ts";

const denial: Denial = {
  granted: false,
  kind: "unauthorized",
  code: "malformed-token",
  reason: "this is an API key, which is for /v1 alone: use a room token (yurt token ROOM)",
};

/** The denial of an API key that was sent in place of a token; undefined for everything else. */
export function apiKeyDenial(token: string | undefined): Denial | undefined {
  return token?.startsWith(apiKeyPrefix) === true ? denial : undefined;
}
