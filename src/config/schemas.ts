import { isIP } from "node:net";
import * as v from "valibot";
import { AddressRanges, isAddressRange } from "../lib/address/address-ranges.ts";
import { parseSecrets, parseWebhookSecrets } from "./auth-settings.ts";
import { parsed } from "./option.ts";

const texts = v.array(v.string());

/** The address of a listener: an IP address or a host name. */
export const host = v.pipe(v.string(), v.check(isHost));

export const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));

export const ports: v.GenericSchema<unknown, readonly number[]> = v.array(port);

export const path = v.pipe(v.string(), v.check(isPath));

export const addressRanges = parsed(texts, (ranges) =>
  ranges.every(isAddressRange) ? new AddressRanges(ranges) : undefined,
);

export const origins = parsed(texts, (all) => (all.every(isOrigin) ? new Set(all) : undefined));

/** A claim of a token is compared as it stands: white space around it is a mistake. */
export const claim = v.pipe(
  v.string(),
  v.check((text) => text !== "" && text.trim() === text),
);

export const httpUrl = parsed(v.string(), parseHttpUrl);

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

/** An origin as browsers write it: no path, no slash at the end, no default port. */
function isOrigin(text: string): boolean {
  return text !== "null" && URL.parse(text)?.origin === text;
}

/** A name whose last label is a number is a mistyped address: `10.0.0.256`, `127.1`. */
function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  return /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(text) && !/(^|\.)\d+$/.test(text);
}
