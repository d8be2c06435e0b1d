export interface RequestPathsOptions {
  /** The path below which a reverse proxy serves this server, such as `/yurt`; empty for none. */
  readonly basePath: string;
  /** The paths behind which a name follows, such as `/sync/`: names are left as they are. */
  readonly namePrefixes: readonly string[];
  /** The paths below which each segment counts, such as `/v1/`: an empty one is none of its neighbours. */
  readonly segmentPrefixes?: readonly string[] | undefined;
}

/**
 * Brings the paths of requests into the one form that routes and protocols compare: no base path, single slashes, and
 * no slash at the end. A base path is removed where it is present, so proxies may remove it or not.
 *
 * A name in a path keeps its slashes, since `a/`, `/a` and `a//b` are names of their own in the protocols that carry
 * names in messages. Where a name is one segment, doubled slashes stay: without its name, a request must not be one for
 * another name.
 */
export class RequestPaths {
  readonly #base: RegExp | undefined;
  readonly #named: readonly FlexiblePrefix[];
  readonly #segmented: readonly FlexiblePrefix[];

  constructor({ basePath, namePrefixes, segmentPrefixes = [] }: RequestPathsOptions) {
    this.#base = basePath === "" ? undefined : new RegExp(`^${flexible(basePath)}(?=/|$)`);
    this.#named = namePrefixes.map(flexiblePrefix);
    this.#segmented = segmentPrefixes.map(flexiblePrefix);
  }

  /** The path without base path and superfluous slashes. `pathname` is a URL's. */
  of(pathname: string): string {
    const path = this.#withoutBase(pathname);
    // Most paths have that form already.
    if (!path.includes("//") && !path.endsWith("/")) return path;
    const named = beginningIn(path, this.#named);
    if (named !== undefined) return named;
    const single = beginningIn(path, this.#segmented) ?? path.replaceAll(/\/{2,}/g, "/");
    return single.length > 1 && single.endsWith("/") ? single.slice(0, -1) : single;
  }

  /** Whether the path is the base path without the slash, from which a page's relative links would lead astray. */
  lacksSlash(pathname: string): boolean {
    return this.#base !== undefined && !pathname.endsWith("/") && this.#withoutBase(pathname) === "/";
  }

  #withoutBase(pathname: string): string {
    if (this.#base === undefined) return pathname;
    const rest = pathname.replace(this.#base, "");
    return rest === "" ? "/" : rest;
  }
}

interface FlexiblePrefix {
  readonly prefix: string;
  readonly pattern: RegExp;
}

function flexiblePrefix(prefix: string): FlexiblePrefix {
  return { prefix, pattern: new RegExp(`^${flexible(prefix)}`) };
}

/** The path with one of the prefixes in its one form; undefined if it begins with none. */
function beginningIn(path: string, prefixes: readonly FlexiblePrefix[]): string | undefined {
  for (const { prefix, pattern } of prefixes) {
    const beginning = pattern.exec(path)?.[0];
    if (beginning !== undefined) return prefix + path.slice(beginning.length);
  }
  return undefined;
}

/** A pattern for the path that takes several slashes for one, except for the last: a name may begin with slashes. */
function flexible(path: string): string {
  return path.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/\/(?=.)/g, "/+");
}
