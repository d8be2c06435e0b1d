/** The request of a complete WebSocket handshake, for `fetch`, with further headers or without some: undefined removes. */
export function handshake(changed: Readonly<Record<string, string | undefined>> = {}): { headers: [string, string][] } {
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...changed,
  };
  return { headers: Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined) };
}
