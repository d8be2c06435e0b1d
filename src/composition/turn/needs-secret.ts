import type { TurnSettings } from "../server-options.ts";

/** Whether credentials are made with the secret of TURN. */
export function needsSecret({
  advertised,
  advertisedCredential,
  isEnabled,
}: Pick<TurnSettings, "advertised" | "advertisedCredential" | "isEnabled">): boolean {
  const others = advertised.some((server) => server !== "own" && server.needsCredential);
  return isEnabled || (others && advertisedCredential === undefined);
}
