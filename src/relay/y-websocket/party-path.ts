/** The path of all parties. */
export const partyPrefix = "/parties/";
/** The party that the providers name when the application names none. */
const mainPrefix = `${partyPrefix}main/`;

/** Whether a provider of PartyKit or PartyServer, whose wire format is y-websocket's, connects to this path. */
export function isPartyPath(pathname: string): boolean {
  return pathname.startsWith(partyPrefix);
}

/**
 * Returns the encoded document name of `/parties/<party>/<room>`: the room alone in the main party, so that clients of
 * `/sync` and `/collab` find it by that name. In another party the name begins with `parties/` and the party, so that
 * rooms of one name in two parties are two documents.
 */
export function partyDocumentPath(pathname: string): string {
  return pathname.slice(pathname.startsWith(mainPrefix) ? mainPrefix.length : "/".length);
}
