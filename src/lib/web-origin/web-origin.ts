/** The origin of local files and of sandboxed frames: every page of this kind has the same one. */
export const opaqueOrigin = "null";
/** The origin that some embedded browsers send for local files. */
export const fileOrigin = "file://";

/** Schemes of sockets: pages never have them. */
const socketSchemes = ["ws:", "wss:"];

/**
 * The one spelling of a web origin, as browsers write it: scheme and host in lower case, without the scheme's default
 * port and without a slash at the end. Any scheme is possible (`capacitor://localhost`). Undefined for a text that is no
 * origin, such as a URL with a path.
 */
export function canonicalOrigin(text: string): string | undefined {
  if (text.toLowerCase() === opaqueOrigin) return opaqueOrigin;
  const url = /^[a-z][a-z0-9+.-]*:\/\/[^\s?#@]*$/i.test(text) ? URL.parse(text) : null;
  if (url === null || !["", "/"].includes(url.pathname) || socketSchemes.includes(url.protocol)) return undefined;
  if (url.protocol === "file:") return url.host === "" ? fileOrigin : undefined;
  return url.host === "" ? undefined : `${url.protocol}//${url.host}`.toLowerCase();
}
