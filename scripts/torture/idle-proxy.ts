import { Run } from "../../test/support/processes/executable.ts";
import { ReverseProxy } from "../../test/support/servers/reverse-proxy.ts";
import { Faults, type Outcome } from "./outcome.ts";

export interface IdleProxyOptions {
  /** A folder for the server's data and the proxy's files. It must exist. */
  readonly dataFolder: string;
  /** How long the clients are connected. */
  readonly idleMs: number;
  /** Lines of nginx's configuration; by default it closes a connection on which the server sends nothing for 60 s. */
  readonly timeouts?: string;
  /** Settings of the server. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A client that sends at most one frame at its start, and then this frame again and again. */
interface QuietClient {
  readonly name: string;
  readonly path: string;
  readonly first?: string;
  readonly repeated?: string;
}

const clients: readonly QuietClient[] = [
  { name: "y-websocket", path: "/sync/notes" },
  { name: "y-webrtc", path: "/signal", first: '{"type":"subscribe","topics":["notes"]}' },
  { name: "PeerJS", path: "/peerjs/peerjs?key=peerjs&id=a&token=b" },
  // The server hears this client all the time, and has nothing to answer.
  { name: "PeerJS with heartbeats", path: "/peerjs/peerjs?key=peerjs&id=c&token=d", repeated: '{"type":"HEARTBEAT"}' },
];
const heartbeatMs = 500;

const location = `
    proxy_pass http://yurt.internal;
    proxy_http_version 1.1;
    proxy_set_header Host 127.0.0.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;`;

/** Clients that are quiet for longer than nginx waits stay connected. */
export async function tortureByIdling(options: IdleProxyOptions): Promise<Outcome> {
  const { dataFolder, idleMs, timeouts = "", environment = {} } = options;
  const faults = new Faults();
  await using server = new Run({ folder: dataFolder, args: ["--port", "0", "--data", "data"], environment });
  await using proxy = await ReverseProxy.start({
    program: "nginx",
    configuration: `server {\n  listen 443 ssl;\n  server_name localhost;\n  location / {${location}\n${timeouts}\n  }\n}\n`,
    publicHost: "localhost",
    upstream: "yurt.internal",
    server: `127.0.0.1:${await server.port()}`,
    folder: dataFolder,
  });
  const sockets = await Promise.all(clients.map((client) => connect(client, proxy.port, faults)));
  await Bun.sleep(idleMs);
  const open = sockets.filter(({ isOpen }) => isOpen()).length;
  for (const { close } of sockets) close();
  return { figures: { "clients that stayed connected": open, "ms of silence": idleMs }, faults: faults.all };
}

async function connect({ name, path, first, repeated }: QuietClient, port: number, faults: Faults) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  const startedAt = performance.now();
  socket.onclose = ({ code }) => {
    faults.add(`${name} was closed with ${code} after ${Math.round(performance.now() - startedAt)} ms`);
  };
  await new Promise((resolve) => {
    socket.onopen = resolve;
    socket.onerror = resolve;
  });
  if (first !== undefined) socket.send(first);
  const timer = repeated === undefined ? undefined : setInterval(() => socket.send(repeated), heartbeatMs);
  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    close: () => {
      clearInterval(timer);
      socket.onclose = null;
      socket.close();
    },
  };
}
