export interface WebSocketUrls {
  readonly sync: string;
  readonly collab: string;
  readonly signal: string;
}

/** The URLs of y-websocket, Hocuspocus and y-webrtc signaling on the server of a page, which may be served below a path. */
export function webSocketUrls(page: URL): WebSocketUrls {
  const base = new URL(".", page).href.replace(/^http/, "ws");
  return { sync: `${base}sync`, collab: `${base}collab`, signal: `${base}signal` };
}

/** The address of this page at the server's public URL; without one, the address itself. */
export function publicAddressOf(address: URL, publicUrl: string | undefined): URL {
  if (publicUrl === undefined) return address;
  return new URL(address.search + address.hash, publicUrl.replace(/\/?$/, "/"));
}

const loopbackNames = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether the address means the machine on which it is opened. */
export function isLoopback({ hostname }: URL): boolean {
  return loopbackNames.has(hostname);
}
