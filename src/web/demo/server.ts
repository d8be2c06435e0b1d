export interface ServerConfig {
  readonly version: string | undefined;
  /** True when the server stores documents, false when it does signaling only. */
  readonly sync: boolean;
  /** The server's access mode, `auth.mode`. */
  readonly mode: "open" | "token" | "webhook";
  /** The URL at which other machines reach the server; undefined when it is the one of this page. */
  readonly publicUrl: string | undefined;
}

/** Loads the server's settings. If they cannot be loaded, the server is taken to be open and to store documents. */
export async function loadConfig(): Promise<ServerConfig> {
  try {
    const response = await fetch("demo/config.json");
    const config: Partial<ServerConfig> = response.ok ? await response.json() : {};
    return {
      version: config.version,
      sync: config.sync !== false,
      mode: config.mode ?? "open",
      publicUrl: config.publicUrl,
    };
  } catch {
    return { version: undefined, sync: true, mode: "open", publicUrl: undefined };
  }
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
