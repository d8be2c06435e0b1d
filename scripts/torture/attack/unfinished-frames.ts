import { connect, type Socket } from "node:net";

const sockets = 6;
const frameBytes = 95 * 2 ** 20;
const chunk = new Uint8Array(256 * 1024);
/** How long the sockets stay open when everything is sent. */
const heldMs = 2_000;
/** A complete frame of one byte, without which a client may hold less. */
const firstFrame = Uint8Array.of(0x82, 0x81, 0, 0, 0, 0, 0);

/** Sends large frames, and never the last chunk of any; every second socket completes a small frame before. */
export async function bringUnfinishedFrames(port: number, path: string): Promise<void> {
  const opened = await Promise.all(Array.from({ length: sockets }, () => open(port, path)));
  await Promise.all(opened.map(bring));
  await Bun.sleep(heldMs);
  for (const socket of opened) socket.destroy();
}

async function open(port: number, path: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  // The server is expected to disconnect.
  socket.on("error", () => {});
  const lines = [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  return socket;
}

async function bring(socket: Socket, index: number): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  if (index % 2 === 1) socket.write(firstFrame);
  socket.write(headOf(frameBytes));
  for (let sent = 0; sent + chunk.length < frameBytes && !socket.destroyed; sent += chunk.length) {
    const written = new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
    await Promise.race([written, closed]);
  }
}

/** The head of a binary frame with an empty mask (RFC 6455 §5.2). */
function headOf(bytes: number): Uint8Array {
  const head = Buffer.alloc(14);
  head[0] = 0x82;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(bytes), 2);
  return head;
}
