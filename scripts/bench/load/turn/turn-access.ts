import { mintCredential, type TurnCredential } from "../../../../src/turn/credentials/credentials.ts";

/** The port on which a server answers TURN over UDP on 127.0.0.1, and the secret of its credentials. */
export interface TurnAccess {
  readonly port: number;
  readonly secret: string;
}

const validForMs = 3_600_000;

/** Both servers take credentials of users whom they have never seen. */
export function credentialFor({ secret }: TurnAccess, user: string): TurnCredential {
  return mintCredential({ secret, user, expiresAt: Date.now() + validForMs });
}
