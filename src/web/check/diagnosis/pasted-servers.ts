import { type IceServer, invalidUrlsOf } from "./ice-server.ts";

/** The servers in a pasted text, or what is wrong with it. */
export type PastedServers =
  | { readonly kind: "servers"; readonly servers: readonly IceServer[] }
  | { readonly kind: "fault"; readonly message: string };

const example = "turn:HOST:3478 USERNAME PASSWORD";

/**
 * Reads ICE servers as people have them: JSON (a list, one server, or an object with `iceServers`), the same in the
 * syntax of JavaScript, or lines of URL, username and credential.
 */
export function readPastedServers(text: string): PastedServers {
  const trimmed = text.trim();
  if (trimmed === "") return fault(`Paste a list of ICE servers, or lines such as ${example}.`);
  const given = /^[[{]/.test(trimmed) ? readJson(trimmed) : readLines(trimmed);
  if (given === undefined) return fault("This is not JSON. Paste the list in brackets: [{ … }].");
  const servers = given.map(serverOf);
  const valid = servers.filter((server) => server !== undefined);
  if (valid.length === 0 || valid.length < servers.length) return fault("Each server needs urls, as a text or a list.");
  const [invalid] = invalidUrlsOf(valid);
  if (invalid !== undefined) return fault(`${JSON.stringify(invalid)} is no STUN or TURN URL, such as ${example}.`);
  return { kind: "servers", servers: valid };
}

function fault(message: string): PastedServers {
  return { kind: "fault", message };
}

function readJson(text: string): readonly unknown[] | undefined {
  const value = parse(text) ?? parse(asJson(text));
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return undefined;
  if ("iceServers" in value && Array.isArray(value.iceServers)) return value.iceServers;
  return [value];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Quotes the names of an object literal, and removes the commas before closing brackets. */
function asJson(text: string): string {
  return text
    .replace(/'([^'"\n]*)'/g, '"$1"')
    .replace(/([{,]\s*)([A-Za-z]+)\s*:/g, '$1"$2":')
    .replace(/,(\s*[\]}])/g, "$1");
}

function readLines(text: string): readonly unknown[] {
  return text.split(/\n/).flatMap((line) => {
    const [urls = "", username, credential] = line.trim().split(/\s+/);
    return urls === "" ? [] : [{ urls, username, credential }];
  });
}

function serverOf(value: unknown): IceServer | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields: Readonly<Partial<Record<"urls" | "url" | "username" | "credential", unknown>>> = value;
  const urls = fields.urls ?? fields.url;
  const isList = Array.isArray(urls) && urls.every((url) => typeof url === "string");
  if (typeof urls !== "string" && !isList) return undefined;
  const { username, credential } = fields;
  return {
    urls,
    ...(typeof username === "string" && { username }),
    ...(typeof credential === "string" && { credential }),
  };
}
