const strangers = 8;
const posts = 6;
const pongs = 512_000;

/** Brings pongs that answer no ping, which the engine would keep a timer for each. */
export async function bringPongs(port: number, transport: "polling" | "websocket"): Promise<void> {
  const origin = `127.0.0.1:${port}/socket.io/?EIO=4&transport=${transport}`;
  if (transport === "websocket") await bringByWebSocket(`ws://${origin}`);
  else await Promise.all(Array.from({ length: strangers }, () => bringByPolling(`http://${origin}`)));
}

async function bringByPolling(url: string): Promise<void> {
  const handshake = await (await fetch(url)).text();
  const { sid } = JSON.parse(handshake.slice(1));
  const body = `${"3\u001e".repeat(pongs - 1)}3`;
  for (let post = 0; post < posts; post += 1) {
    const response = await fetch(`${url}&sid=${sid}`, { method: "POST", body });
    await response.body?.cancel();
  }
}

async function bringByWebSocket(url: string): Promise<void> {
  const socket = new WebSocket(url);
  const closed = new Promise((resolve) => {
    socket.onclose = resolve;
  });
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  for (let pong = 0; pong < pongs && socket.readyState === WebSocket.OPEN; pong += 1) {
    socket.send("3");
    if (pong % 5_000 === 0) await Bun.sleep(1);
  }
  socket.close();
  await closed;
}
