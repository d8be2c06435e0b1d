/** The claims of a token that the page uses. */
export interface TokenClaims {
  readonly user: string | undefined;
  /** The names and patterns of its rooms. */
  readonly rooms: readonly string[];
  readonly tokenId: string | undefined;
  /** Epoch milliseconds. */
  readonly issuedAt: number | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number | undefined;
}

/** Reads a JSON Web Token without checking its signature; undefined for another text. */
export function readToken(token: string): TokenClaims | undefined {
  const [header = "", payload = "", ...rest] = token.split(".");
  const claims = objectIn(payload);
  if (objectIn(header) === undefined || claims === undefined || rest.length !== 1) return undefined;
  const { exp, iat, jti, rooms, sub } = claims;
  return {
    user: textOf(sub),
    rooms: Object.keys(Object(rooms)),
    tokenId: textOf(jti),
    issuedAt: timeOf(iat),
    expiresAt: timeOf(exp),
  };
}

function objectIn(part: string): Readonly<Record<"exp" | "iat" | "jti" | "rooms" | "sub", unknown>> | undefined {
  try {
    const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? Object(value) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Claims have seconds. */
function timeOf(value: unknown): number | undefined {
  return typeof value === "number" ? value * 1_000 : undefined;
}
