import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import type { Caller } from "../caller.ts";

/**
 * The key by which bounds count the sender of a request: its API key, its user, or its address. Undefined for a sender
 * without a bound per caller: a program on this machine, or an unknown client behind a proxy on this machine.
 */
export function countedCaller(
  { kind, user }: Pick<Caller, "kind" | "user">,
  remoteAddress: string,
  addresses: Pick<CountedAddresses, "keyOf">,
): string | undefined {
  if (user === undefined) return addresses.keyOf(remoteAddress);
  // The user of an API key is `key:NAME`. A token may name any user, so that user gets a prefix.
  return kind === "key" ? user : `user:${user}`;
}
