import type { IceAnswer } from "./traffic/ice-servers.ts";

export interface ServerConfig {
  readonly version: string | undefined;
  /** True when the server stores documents, false when it does signaling only. */
  readonly sync: boolean;
  /** The server's access mode, `auth.mode`. */
  readonly mode: "open" | "token" | "webhook";
  /** The URL at which other machines reach the server; undefined when it is the one of this page. */
  readonly publicUrl: string | undefined;
  /** The URLs at which the local network reaches the server, if this page was opened by a name of this machine only. */
  readonly networkUrls: readonly string[];
  /** True when the server listens on an address of its machine only. */
  readonly local: boolean;
  /** When the server was started, in epoch milliseconds. */
  readonly startedAt: number | undefined;
}

/** Loads the server's settings. If they cannot be loaded, the server is taken to be open and to store documents. */
export async function loadConfig(): Promise<ServerConfig> {
  const config: Partial<ServerConfig> = await fetch("demo/config.json")
    .then((response) => (response.ok ? response.json() : {}))
    .catch(() => ({}));
  return {
    version: config.version,
    sync: config.sync !== false,
    mode: config.mode ?? "open",
    publicUrl: config.publicUrl,
    networkUrls: config.networkUrls ?? [],
    local: config.local ?? false,
    startedAt: config.startedAt,
  };
}

/** The server's decision about access to a room, with its reason for a denial. */
export type AccessAnswer = { readonly access: "read" | "write" } | { readonly access: "none"; readonly reason: string };

/** Asks which access the server grants to the room; undefined if it cannot say now. */
export async function loadAccess(room: string, token: string | undefined): Promise<AccessAnswer | undefined> {
  try {
    const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`api/validate?${new URLSearchParams({ room })}`, { headers });
    const answer: Readonly<Record<"access" | "kind" | "reason", unknown>> = await response.json();
    if (answer.access === "read" || answer.access === "write") return { access: answer.access };
    const isDenied = typeof answer.reason === "string" && answer.kind !== "unavailable";
    return isDenied ? { access: "none", reason: String(answer.reason) } : undefined;
  } catch {
    return undefined;
  }
}

/** Asks for the STUN and TURN servers of the room's WebRTC connections; undefined if the server cannot say now. */
export async function loadIceServers(room: string, token: string | undefined): Promise<IceAnswer | undefined> {
  try {
    const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`ice?${new URLSearchParams({ room })}`, { headers });
    if (response.ok) return await response.json();
    return response.status >= 500 || response.status === 429 ? undefined : noIceServers;
  } catch {
    return undefined;
  }
}

/** The answer to a window that gets no servers. The window connects without them, and asks again after a day. */
const noIceServers: IceAnswer = { iceServers: [], ttl: 86_400 };
