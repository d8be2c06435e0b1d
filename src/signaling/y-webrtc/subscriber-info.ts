import type { InfoCodec } from "../cluster/roster.ts";

/** Nodes tell each other nothing about subscribers but that they are there. */
export const subscriberInfo: InfoCodec<null> = { encode: () => "", decode: () => null };
