export interface ServerConfig {
  readonly version: string | undefined;
  /** Whether the server stores documents, or only introduces browsers to each other. */
  readonly sync: boolean;
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
    return { version: config.version, sync: config.sync !== false };
  } catch {
    return { version: undefined, sync: true };
  }
}
