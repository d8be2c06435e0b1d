export interface ServerConfig {
  readonly version: string | undefined;
  /** Whether the server stores documents, or only introduces browsers to each other. */
  readonly sync: boolean;
  /** Who says who may enter: nobody, a token, or an application. */
  readonly mode: "open" | "token" | "webhook";
}

export interface WebSocketUrls {
  readonly sync: string;
  readonly signal: string;
}

/** Where this page's server listens for its two protocols. */
export function webSocketUrls(address: URL): WebSocketUrls {
  const scheme = address.protocol === "https:" ? "wss:" : "ws:";
  return { sync: `${scheme}//${address.host}/sync`, signal: `${scheme}//${address.host}/signal` };
}

/** A page that cannot ask is the page of a server that stores. */
export async function loadConfig(): Promise<ServerConfig> {
  try {
    const response = await fetch("/demo/config.json");
    const config: Partial<ServerConfig> = response.ok ? await response.json() : {};
    return {
      version: config.version,
      sync: config.sync !== false,
      mode: config.mode ?? "open",
    };
  } catch {
    return { version: undefined, sync: true, mode: "open" };
  }
}

/** Why the server lets nobody with this token into the room; undefined if it does, or cannot be asked. */
export async function loadDenialReason(room: string, token: string | undefined): Promise<string | undefined> {
  try {
    const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`/api/validate?${new URLSearchParams({ room })}`, { headers });
    const answer: { readonly reason?: unknown } = await response.json();
    return typeof answer.reason === "string" ? answer.reason : undefined;
  } catch {
    return undefined;
  }
}
