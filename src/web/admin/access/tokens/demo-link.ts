import { publicAddressOf } from "../../../shared/server-addresses.ts";

/** The address of the demo in a room, with the token in its fragment, which browsers do not send to servers. */
export function demoLink(base: URL, { room, token }: { readonly room: string; readonly token: string }): URL {
  const link = new URL(base);
  link.search = new URLSearchParams({ room }).toString();
  link.hash = new URLSearchParams({ token }).toString();
  return link;
}

/** The base of the server's URLs for others: the public URL, if it is set. */
export function sharedBase(base: URL, publicUrl: string | undefined): URL {
  return publicAddressOf(base, publicUrl);
}
