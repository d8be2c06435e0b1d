import type { Random } from "../bytes/random.ts";

/** JSON that tests change in place. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

export type Operation = Readonly<Record<string, Value>> & { readonly op: string; readonly path: string };

const keys = ["a", "b", "c/d", "e~f", "", "0"];
const words = ["", "one", "two words", "a😀b", "\u0000", "line\nline"];

export function randomValue(random: Random, depth = 0): Value {
  const kind = random.integer(depth > 3 ? 4 : 7);
  if (kind === 0) return random.pick([null, true, false]);
  if (kind === 1) return random.pick([0, -1.5, 2 ** 40, 7]);
  if (kind < 4) return random.pick(words);
  if (kind === 4) return Array.from({ length: random.integer(4) }, () => randomValue(random, depth + 1));
  return randomObject(random, depth + 1);
}

export function randomObject(random: Random, depth = 0): { [key: string]: Value } {
  return Object.fromEntries(random.some(keys, 0.5).map((key) => [key, randomValue(random, depth)]));
}

const isObject = (value: Value): value is { [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const escaped = (token: string) => token.replaceAll("~", "~0").replaceAll("/", "~1");

/** The paths of all values in `value`, without its own. */
export function pathsIn(value: Value, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const own = `${path}/${escaped(key)}`;
    return [own, ...pathsIn(member, own)];
  });
}

function placeOf(document: Value, path: string): { container: Value; token: string } {
  const tokens = path
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  const token = tokens.pop() ?? "";
  const container = tokens.reduce((value, step) => Object(value)[step] as Value, document);
  return { container, token };
}

export function valueAt(document: Value, path: string): Value {
  const { container, token } = placeOf(document, path);
  return Object(container)[token];
}

/** Applies an operation of RFC 6902 to plain JSON, in place. The path must lead somewhere. */
export function applyPlainly(document: Value, { from = "", op, path, value = null }: Operation): void {
  const given = op === "copy" || op === "move" ? valueAt(document, String(from)) : value;
  if (op === "move") remove(document, String(from));
  if (op === "remove" || op === "replace") remove(document, path);
  if (op !== "remove") put(document, path, structuredClone(given));
}

function put(document: Value, path: string, value: Value): void {
  const { container, token } = placeOf(document, path);
  if (Array.isArray(container)) container.splice(token === "-" ? container.length : Number(token), 0, value);
  else Object.defineProperty(container, token, { value, enumerable: true, configurable: true, writable: true });
}

function remove(document: Value, path: string): void {
  const { container, token } = placeOf(document, path);
  if (Array.isArray(container)) container.splice(Number(token), 1);
  else if (isObject(container)) delete container[token];
}

/** An operation on the root of this name that leads somewhere. */
export function randomOperation(random: Random, document: Value, root: string): Operation {
  const all = pathsIn(document).filter((path) => path.startsWith(`/${root}/`));
  const containers = [`/${root}`, ...all].filter(
    (path) => typeof valueAt(document, path) === "object" && valueAt(document, path) !== null,
  );
  const inside = (path: string) => {
    const container = valueAt(document, path);
    const token = Array.isArray(container)
      ? random.pick([`${random.integer(container.length + 1)}`, "-"])
      : escaped(random.pick(keys));
    return `${path}/${token}`;
  };
  const op = all.length === 0 ? "add" : random.pick(["add", "add", "replace", "remove", "copy", "move"]);
  if (op === "add") return { op, path: inside(random.pick(containers)), value: randomValue(random) };
  const from = random.pick(all);
  if (op === "replace") return { op, path: from, value: randomValue(random) };
  if (op === "remove") return { op, path: from };
  const target = random.pick(containers.filter((path) => path !== from && !path.startsWith(`${from}/`)));
  // Its own place is removed first, so that indexes behind it are others.
  if (op === "move") return { op, from, path: `/${root}/${escaped(random.pick(keys))}` };
  return { op, from, path: inside(target) };
}
