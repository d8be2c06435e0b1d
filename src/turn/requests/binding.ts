import { parseIpAddress } from "../../lib/address/ip-address.ts";
import { attributes } from "../message/attributes.ts";
import { type Answer, failed, type TurnRequest } from "./turn-request.ts";

const none: ReadonlySet<number> = new Set();

/** Tells a client its own transport address, as the server sees it (RFC 8489 §6.3.1). */
export function bind({ message, client }: TurnRequest): Answer {
  // RFC 8489 §6.3.1: unknown attributes that must be understood.
  const unknown = message.unknownRequired(none);
  if (unknown.length > 0) return { code: 420, unknown };
  const ip = parseIpAddress(client.address);
  if (ip === undefined) return failed(500);
  return { write: (writer) => writer.address(attributes.xorMappedAddress, ip, client.port) };
}
