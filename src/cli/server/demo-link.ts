import type { TokenOrder } from "../../auth/token-order.ts";
import type { RunningServer } from "../../server.ts";

/** The room of the demo that the banner names. */
export const demoRoom = "demo";

const lifetimeMs = 30 * 60_000;

/**
 * The URL of the demo with a token for one room and half an hour, for a person who has just started a server that
 * requires one. Undefined if the server has no demo, or if `tokenMs`, the longest lifetime that it accepts, is shorter.
 */
export async function demoLink(
  { endpoints, mint }: Pick<RunningServer, "endpoints" | "mint">,
  tokenMs: number,
): Promise<string | undefined> {
  const demo = endpoints.find(({ label }) => label === "Demo");
  if (demo === undefined || tokenMs < lifetimeMs) return undefined;
  const rooms: TokenOrder["rooms"] = new Map([[demoRoom, "write"]]);
  const minted = await mint({ rooms, isAdmin: false, lifetimeMs });
  if (minted === "too-long") return undefined;
  const link = new URL(demo.url);
  link.searchParams.set("room", demoRoom);
  // A fragment is not sent to the server, so it stays out of logs.
  link.hash = `token=${minted.token}`;
  return link.href;
}
