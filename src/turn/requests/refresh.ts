import type { Allocations } from "../allocation/allocations.ts";
import { attributes } from "../message/attributes.ts";
import type { StunMessage } from "../message/stun-message.ts";
import { requestedFamily } from "./address-family.ts";
import { lifetimeFor } from "./lifetime.ts";
import { type Answer, failed, type SignedRequest } from "./turn-request.ts";

/** Refreshes or deletes an allocation (RFC 8656 §8.2). */
export function refresh({ message, allocation, now }: SignedRequest, allocations: Allocations): Answer {
  // RFC 8656 §5: only Allocate needs no allocation.
  if (allocation === undefined) return failed(437);
  const family = requestedFamily(message);
  if (family !== undefined && family !== allocation.family) return failed(443);
  if (isMalformed(message)) return failed(400);
  const requested = message.uint32Of(attributes.lifetime);
  const seconds = requested === 0 ? 0 : lifetimeFor(requested);
  if (seconds === 0) allocations.end(allocation);
  else allocation.expiresAt = now + seconds * 1_000;
  return { write: (writer) => writer.uint32(attributes.lifetime, seconds) };
}

function isMalformed(message: StunMessage): boolean {
  return message.has(attributes.lifetime) && message.uint32Of(attributes.lifetime) === undefined;
}
