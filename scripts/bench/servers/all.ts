import { bare } from "./bare.ts";
import type { ServerKind } from "./server.ts";
import { yurt } from "./yurt.ts";

/** Ours first, then what it is compared with. */
export const servers: readonly ServerKind[] = [yurt, bare];
