import { useEffect, useState } from "preact/hooks";

/** The place in the dashboard that the fragment of the address names: `#/documents/notes%2F7?tab=history`. */
export interface Place {
  /** The id of a view; empty for the first one. */
  readonly view: string;
  /** The decoded segments after it. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** The properties of a view. */
export interface ViewProps {
  readonly place: Place;
}

export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view = "", ...rest] = path.split("/").map(decoded);
  return { view, path: rest, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a place, for `href`. Parameters that are undefined or empty are left out. */
export function linkTo(
  view: string,
  path: readonly string[] = [],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => (pair[1] ?? "") !== "");
  const search = given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
  return `#/${[view, ...path].map(encodeURIComponent).join("/")}${search}`;
}

/** Goes to a place. With `replace`, the browser's Back does not return to the one before. */
export function goTo(address: string, { replace = false } = {}): void {
  if (replace) location.replace(address);
  else location.hash = address;
}

/** The place at which the page is. */
export function usePlace(): Place {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const read = () => setHash(location.hash);
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return placeOf(hash);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
