import type { Client } from "../allocation/client.ts";
import type { Credentials, TurnIdentity } from "../credentials/credentials.ts";
import type { Nonces } from "../credentials/nonces.ts";
import { attributes } from "../message/attributes.ts";
import type { StunMessage } from "../message/stun-message.ts";
import { type Failure, failed } from "./turn-request.ts";

export interface Authentication {
  readonly credentials: Credentials;
  readonly nonces: Nonces;
}

/**
 * The time after its expiry in which a credential still refreshes its allocation, because a browser cannot change the
 * credential of an open connection. With the longest lifetime, the allocation ends at most two hours after the expiry.
 */
export const credentialGraceMs = 3_600_000;

/** Checks the long-term credential of a request (RFC 8489 §9.2.4), which may belong to an allocation. */
export function authenticate(
  { credentials, nonces }: Authentication,
  message: StunMessage,
  client: Client,
  hasAllocation: boolean,
): TurnIdentity | Failure {
  // Step 1: the first request has no signature; its answer has the realm and nonce to sign with.
  if (!message.hasIntegrity) return failed(401);
  // Step 2.
  const isComplete = [attributes.username, attributes.realm, attributes.nonce].every((each) => message.has(each));
  if (!isComplete) return failed(400);
  // Step 3 comes first: it is cheap, and proves that the source address is not forged.
  const nonce = message.textOf(attributes.nonce);
  const { socket, address, port } = client;
  if (nonce === undefined || !nonces.isValid(nonce, { address, port, transport: socket.transport })) return failed(438);
  // Steps 4 and 5: one answer for every fault, so that a client cannot learn which users exist.
  return credentials.authenticate(message, hasAllocation ? credentialGraceMs : 0) ?? failed(401);
}
