/** The token in the page's fragment, which browsers send to no server. */
export function tokenOf(address: URL): string | undefined {
  return new URLSearchParams(address.hash.slice(1)).get("token") || undefined;
}

/** The room that the page's address names; undefined when it names none. */
export function roomOf(address: URL): string | undefined {
  return address.searchParams.get("room") || undefined;
}

/** The same address with another token and room. An empty text removes one. */
export function addressWith(address: URL, { token, room }: { readonly token: string; readonly room: string }): URL {
  const next = new URL(address);
  const fragment = new URLSearchParams(address.hash.slice(1));
  set(fragment, "token", token);
  set(next.searchParams, "room", room);
  next.hash = fragment.toString();
  return next;
}

function set(parameters: URLSearchParams, name: string, value: string): void {
  if (value === "") parameters.delete(name);
  else parameters.set(name, value);
}
