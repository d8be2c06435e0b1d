import { canonicalOrigin } from "./web-origin.ts";

/** An origin whose first label is a wildcard: the texts before and after it. */
interface Wildcard {
  readonly before: string;
  readonly after: string;
}

/** The schemes whose hosts are domain names: a wildcard for the whole host would mean nothing, and a request may name it. */
const domainSchemes = ["http://", "https://"];

/**
 * A set of web origins, in any spelling. A `*` as the first label of a host stands for one label:
 * `https://*.example.com` has `https://app.example.com`, but neither `https://example.com` nor
 * `https://a.b.example.com`; `vscode-webview://*` has every host of one label.
 */
export class OriginSet {
  readonly #origins = new Set<string>();
  readonly #wildcards: Wildcard[] = [];

  /** Every text in `origins` must satisfy `isOriginPattern`. */
  constructor(origins: Iterable<string>) {
    for (const text of origins) {
      const origin = canonicalOrigin(text);
      if (origin === undefined) continue;
      const [before = "", after] = origin.split("*");
      if (after === undefined) this.#origins.add(origin);
      else this.#wildcards.push({ before, after });
    }
  }

  get isEmpty(): boolean {
    return this.#origins.size === 0 && this.#wildcards.length === 0;
  }

  /** False for a text that is no origin. */
  has(text: string): boolean {
    if (this.#origins.has(text)) return true;
    const origin = canonicalOrigin(text);
    if (origin === undefined) return false;
    return this.#origins.has(origin) || this.#wildcards.some((wildcard) => matches(origin, wildcard));
  }

  /**
   * Whether a web site in the set has this host, whatever its port. `hostname` is a URL's. The hosts of other schemes are
   * names of extensions and programs: a site may have the same name.
   */
  hasHostname(hostname: string): boolean {
    const isIts = (origin: string) => isOfDomain(origin) && hostnameOf(origin) === hostname;
    if (Array.from(this.#origins).some(isIts)) return true;
    return this.#wildcards.some(
      ({ before, after }) =>
        isOfDomain(before) && matches(hostname, { before: hostnameOf(before), after: hostnameOf(`//${after}`) }),
    );
  }
}

/** Whether the text is an origin, or one whose first label is `*`. */
export function isOriginPattern(text: string): boolean {
  const origin = canonicalOrigin(text);
  if (origin === undefined) return false;
  const [before = "", after, ...more] = origin.split("*");
  if (after === undefined) return true;
  if (more.length > 0 || !before.endsWith("://")) return false;
  return after.startsWith(".") ? /^\.[^.]/.test(after) : after === "" && !domainSchemes.includes(before);
}

function matches(text: string, { before, after }: Wildcard): boolean {
  if (text.length <= before.length + after.length || !text.startsWith(before) || !text.endsWith(after)) return false;
  return /^[^.:/]+$/.test(text.slice(before.length, text.length - after.length));
}

function isOfDomain(origin: string): boolean {
  return domainSchemes.some((scheme) => origin.startsWith(scheme));
}

/** The host of an origin without its port. */
function hostnameOf(origin: string): string {
  const [, hostname = ""] = /\/\/(.*?)(?::\d+)?$/.exec(origin) ?? [];
  return hostname;
}
