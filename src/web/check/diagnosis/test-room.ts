/** The room of the test. Nothing is stored in it. */
export const defaultRoom = "yurt-check";

/**
 * A room that the token permits, with `yurt-check` in place of each wildcard of the pattern. Rooms with write access come
 * before rooms with read access. A token without the claim `rooms`, such as one of an application, gets the default.
 */
export function roomOfToken(token: string | undefined): string {
  const rooms = token === undefined ? undefined : roomsOf(token);
  const patterns = Object.entries(rooms ?? {}).toSorted((left, right) => rank(left) - rank(right));
  const [pattern] = patterns[0] ?? [defaultRoom];
  return pattern.replaceAll(/\*+/g, defaultRoom);
}

/** A room without wildcards may hold a document of the application, so it is the last choice. */
function rank([pattern, access]: readonly [string, unknown]): number {
  return (access === "write" ? 0 : 2) + (pattern.includes("*") ? 0 : 1);
}

/** The claim `rooms` of a JWT. Its signature is the server's to check. */
function roomsOf(token: string): object | undefined {
  try {
    const [, payload = ""] = token.split(".");
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (char) =>
      char.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims !== "object" || claims === null || !("rooms" in claims)) return undefined;
    return typeof claims.rooms === "object" && claims.rooms !== null ? claims.rooms : undefined;
  } catch {
    return undefined;
  }
}
