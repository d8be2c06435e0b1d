import { isIP } from "node:net";
import * as v from "valibot";
import { AddressRanges, isAddressRange } from "../lib/address/address-ranges.ts";
import { canonicalAddress } from "../lib/address/canonical-address.ts";
import { isOriginPattern } from "../lib/web-origin/origin-set.ts";
import { canonicalOrigin } from "../lib/web-origin/web-origin.ts";
import { parseSecrets, parseWebhookSecrets } from "./auth-settings.ts";
import { parseDuration } from "./duration.ts";
import { parsed } from "./option.ts";

const texts = v.array(v.string());
/** RFC 1035 §2.3.4, without the root's label. */
const longestDomain = 253;

/** The address of a listener: an IP address, in its one spelling, or a host name. */
export const host = parsed(v.string(), parseHost);

/** A duration as `parseDuration` reads it, in milliseconds. */
export const durationMs = parsed(v.string(), parseDuration);

export const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));

/** An address to listen on, with its port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export const address = parsed(v.string(), (text): Address | undefined => {
  const [, given = "", digits = ""] = /^(\[[^\]]+\]|[^:]+):(0|[1-9]\d{0,4})$/.exec(text) ?? [];
  const [parsedHost, parsedPort] = [parseHost(given), Number(digits)];
  return parsedHost === undefined || parsedPort > 65_535 ? undefined : { host: parsedHost, port: parsedPort };
});

/** A secret that clients send after `Authorization: Bearer`. */
export const bearerSecret = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{16,}$/));

export const ports: v.GenericSchema<unknown, readonly number[]> = v.array(port);

export const path = v.pipe(v.string(), v.check(isPath));

export const addressRanges = parsed(texts, (ranges) =>
  ranges.every(isAddressRange) ? new AddressRanges(ranges) : undefined,
);

/** Origins in the spelling of browsers, some with a wildcard; see `OriginSet`. */
export const origins = parsed(texts, (all): readonly string[] | undefined =>
  all.every(isOriginPattern) ? all.map((text) => canonicalOrigin(text) ?? text) : undefined,
);

/** The URL of a server: the scheme, the host and a path without a slash at the end. */
export const serverUrl = parsed(v.string(), (text) => {
  const url = parseHttpUrl(text);
  if (url === undefined || url.search !== "" || url.hash !== "") return undefined;
  url.pathname = withoutSlash(url.pathname);
  return url;
});

/** A path of URLs as the URL parser writes it, without a slash at the end; empty for the root. */
export const urlPath = parsed(v.string(), (text) => {
  const url = /^\/[^?#\s]*$/.test(text) ? URL.parse(text.replaceAll(/\/{2,}/g, "/"), "http://server") : null;
  return url === null ? undefined : withoutSlash(url.pathname);
});

/** A claim of a token is compared unchanged: white space around it is a mistake. */
export const claim = v.pipe(
  v.string(),
  v.check((text) => text !== "" && text.trim() === text),
);

export const httpUrl = parsed(v.string(), parseHttpUrl);

export const httpsUrl = parsed(v.string(), (text) => {
  const url = parseHttpUrl(text);
  return url?.protocol === "https:" ? url : undefined;
});

/** The URL of a database. The path of a socket may take the place of the host. */
export const postgresUrl = parsed(v.string(), (text) => {
  const url = /^postgres(ql)?:\/\/\S+$/i.test(text) ? URL.parse(text) : null;
  if (url === null || url.hash !== "") return undefined;
  const hasServer = url.hostname !== "" || ["path", "host"].some((name) => url.searchParams.has(name));
  const hasDatabase = url.pathname.length > 1 || url.searchParams.has("dbname");
  return hasServer && hasDatabase ? url : undefined;
});

/** Each once, in the spelling of URLs: lower case, and internationalised names as `xn--…`. */
export const domains = parsed(texts, (names): readonly string[] | undefined => {
  const parsedNames = names.map(parseDomain).filter((name) => name !== undefined);
  return parsedNames.length === names.length ? [...new Set(parsedNames)] : undefined;
});

/** Only the form that every mail server takes; authorities check the rest. */
export const emailAddress = v.pipe(v.string(), v.regex(/^[^\s@,;:<>"]+@[^\s@,;:<>"]+\.[^\s@,;:<>".]+$/));

/** A document is at an http or https URL, or in a file. */
export type Location = { readonly url: URL } | { readonly path: string };

/** A text with a scheme is never a path. */
export const location = parsed(v.string(), (text): Location | undefined => {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return isPath(text) ? { path: text } : undefined;
  const url = parseHttpUrl(text);
  return url && { url };
});

export const secrets = parsed(texts, parseSecrets);

export const webhookSecrets = parsed(texts, parseWebhookSecrets);

/** URLs with a user are refused: an invalid setting is shown with its value. */
function parseHttpUrl(text: string): URL | undefined {
  const url = /^https?:\/\/\S+$/i.test(text) ? URL.parse(text) : null;
  return url !== null && url.username === "" && url.password === "" ? url : undefined;
}

function isPath(text: string): boolean {
  return text.trim() !== "" && !text.includes("\0");
}

function withoutSlash(pathname: string): string {
  return pathname.replace(/\/+$/, "");
}

/** The system needs the zone of a link-local address, so that such an address stays as it is. */
function parseHost(text: string): string | undefined {
  const bare = text.replace(/^\[(.*:.*)\]$/, "$1");
  if (isIP(bare) !== 0) return bare.includes("%") ? bare : canonicalAddress(bare);
  return isHostName(text) ? text : undefined;
}

/** A name of the public DNS has a dot. `URL` writes the name as certificates do, and numbers as addresses. */
function parseDomain(text: string): string | undefined {
  const name = /^[^\s/:?#@*[\]]+$/.test(text) ? URL.parse(`https://${text}`)?.hostname.replace(/\.$/, "") : undefined;
  const isDomain = name?.includes(".") === true && name.length <= longestDomain && isHostName(name);
  return isDomain && isIP(name) === 0 ? name : undefined;
}

/** A name whose last label is a number is a mistyped address: `10.0.0.256`, `127.1`. */
function isHostName(text: string): boolean {
  return /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/i.test(text) && !/(^|\.)\d+\.?$/.test(text);
}
