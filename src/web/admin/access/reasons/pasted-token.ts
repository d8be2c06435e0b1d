/** The parts of an address that a client uses. */
export interface PastedToken {
  readonly token: string;
  /** The room that the address names, if it names one. */
  readonly room: string | undefined;
}

/** Takes a token out of a pasted text: the token itself, a header, or the address of the demo or of a WebSocket. */
export function readPasted(text: string): PastedToken {
  const trimmed = text.trim();
  const address = addressIn(trimmed);
  if (address !== undefined) {
    const fragment = new URLSearchParams(address.hash.slice(1));
    const token = address.searchParams.get("token") ?? fragment.get("token");
    return { token: token ?? "", room: roomOf(address) };
  }
  return {
    token: trimmed.replace(/^(?:authorization:\s*)?bearer[\s.]+/i, "").replaceAll(/^["']|["']$/g, ""),
    room: undefined,
  };
}

function addressIn(text: string): URL | undefined {
  return /^(?:https?|wss?):\/\//.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

/** The demo has the room in its query, y-websocket behind `/sync/`. */
function roomOf({ pathname, searchParams }: URL): string | undefined {
  const [, behind] = /\/sync\/(.+)$/.exec(pathname) ?? [];
  return searchParams.get("room") ?? (behind === undefined ? undefined : decoded(behind));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
