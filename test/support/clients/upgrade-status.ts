import { once } from "node:events";
import { connect } from "node:net";

/**
 * The HTTP status of the answer to a WebSocket handshake, which WebSocket clients do not report. The socket is closed
 * then.
 */
export async function upgradeStatus(port: number, path: string): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  const [answer] = await once(socket, "data");
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(String(answer))?.[1]);
}
