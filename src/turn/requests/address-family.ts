import { attributes } from "../message/attributes.ts";
import type { StunMessage } from "../message/stun-message.ts";
import { familyCodes } from "../message/transport-address.ts";
import type { AddressFamily } from "../relay-network.ts";

/**
 * The family in REQUESTED-ADDRESS-FAMILY (RFC 8656 §18.8): undefined without the attribute, "unknown" for any value but
 * IPv4 and IPv6.
 */
export function requestedFamily(message: StunMessage): AddressFamily | "unknown" | undefined {
  if (!message.has(attributes.requestedAddressFamily)) return undefined;
  const code = message.uint8Of(attributes.requestedAddressFamily);
  if (code === familyCodes[4]) return 4;
  return code === familyCodes[6] ? 6 : "unknown";
}
