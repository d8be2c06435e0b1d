import { signWithSecret } from "./token-signer.ts";

/** The secret that signs the tokens of these tests. */
export const secret = "a secret that only these tests know of";

/** A token that is valid for a minute, unless `claims` say otherwise. */
export function tokenFor(
  rooms: Readonly<Record<string, "read" | "write">>,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const now = Date.now() / 1_000;
  return signWithSecret(secret, { rooms, iat: now, exp: now + 60, ...claims });
}

/** Revokes as an administrator does, and returns the answer of the server. */
export async function revoke(url: string, order: object, claims: object = {}): Promise<unknown> {
  const response = await fetch(`${url}/api/revocations`, {
    method: "POST",
    headers: { authorization: `Bearer ${await tokenFor({}, { admin: true, ...claims })}` },
    body: JSON.stringify(order),
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}
