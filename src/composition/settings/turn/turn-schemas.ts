import { isIP } from "node:net";
import * as v from "valibot";
import { parsed } from "../../../config/option.ts";
import * as schemas from "../../../config/schemas.ts";
import { isAddressRange } from "../../../lib/address/address-ranges.ts";
import { canonicalAddress } from "../../../lib/address/canonical-address.ts";
import type { AdvertisedServer } from "../../server-options.ts";

const defaultStunPort = 3478;
/** The ports below it belong to services. */
const firstFreePort = 1024;
const texts = v.array(v.string());

/** `own`, and URLs as RFC 7064 and RFC 7065 write them. */
export const advertisedServers = parsed(texts, (all): readonly AdvertisedServer[] | undefined => {
  const servers = all.map(parseServer).filter((server) => server !== undefined);
  return servers.length === all.length ? servers : undefined;
});

/** `auto`, or one address for each family. */
export const externalAddresses = parsed(texts, (all): "auto" | readonly string[] | undefined => {
  if (all.length === 1 && all[0] === "auto") return "auto";
  const addresses = all.map(canonicalAddress).filter((address) => address !== undefined && isUnicast(address));
  const families = new Set(addresses.map((address = "") => isIP(address)));
  const isValid = addresses.length > 0 && addresses.length === all.length && families.size === all.length;
  return isValid ? addresses.filter((address) => address !== undefined) : undefined;
});

/** `host:port`, or a host alone; `stun:` before it is accepted. */
export const stunServer = parsed(v.string(), (text) => {
  const name = text.replace(/^stun:(?!\/\/)/i, "");
  const [, given = name, digits] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(name) ?? [];
  const host = v.safeParse(schemas.host, given);
  const port = Number(digits ?? defaultStunPort);
  return host.success && port >= 1 && port <= 65_535 ? { host: host.output, port } : undefined;
});

/** `first-last`. */
export const portRange = parsed(v.string(), (text) => {
  const [, digits = "", lastDigits = ""] = /^(\d{4,5})-(\d{4,5})$/.exec(text) ?? [];
  const [first, last] = [Number(digits), Number(lastDigits)];
  return first >= firstFreePort && first <= last && last <= 65_535 ? { first, last } : undefined;
});

/** Addresses and CIDR ranges, as they are written. */
export const addressRangeTexts = parsed(texts, (ranges): readonly string[] | undefined =>
  ranges.every(isAddressRange) ? ranges : undefined,
);

/** Every listener's address, each as `schemas.host` reads it. */
export const hosts: v.GenericSchema<unknown, readonly string[]> = v.array(schemas.host);

/** The realm is in every answer to a client without a credential, which must be at most four times its request. */
export const realm = v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,32}$/));

/** A user name or a credential of another server. */
export const credentialText = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,512}$/));

function parseServer(text: string): AdvertisedServer | undefined {
  if (text === "own") return text;
  const [, scheme = "", host = "", port = String(defaultStunPort), transport] =
    /^(stuns?|turns?):(\[[0-9a-f.:]+\]|[^\s/:?#@[\]]+)(?::(\d{1,5}))?(\?transport=(?:udp|tcp))?$/i.exec(text) ?? [];
  const isTurn = /^turn/i.test(scheme);
  const isValid = v.is(schemas.host, host) && Number(port) >= 1 && Number(port) <= 65_535;
  if (!isValid || (transport !== undefined && !isTurn)) return undefined;
  return { url: text.replace(/^[a-z]+/i, (given) => given.toLowerCase()), needsCredential: isTurn };
}

function isUnicast(address: string): boolean {
  return !/^(0\.0\.0\.0$|2(2[4-9]|[3-5]\d)\.|::$|ff)/.test(address);
}
