import { render } from "preact";
import * as Y from "yjs";
import { webSocketUrls } from "../shared/server-addresses.ts";
import { Page } from "./page.tsx";
import { keepWindowIdentity, takeWindowIdentity } from "./people/window-identity.ts";
import { RoomClient } from "./room-client.ts";
import { addressOf, passwordOf, randomRoom, roomOf, tokenOf } from "./room-name.ts";
import { loadConfig, loadIceServers } from "./server.ts";
import { storageNameOf } from "./storage-name.ts";
import { IceServers } from "./traffic/ice-servers.ts";
import { welcomeText } from "./welcome.ts";

async function start(root: HTMLElement): Promise<void> {
  const address = new URL(location.href);
  const [password, token] = [passwordOf(address), tokenOf(address)];
  if (password !== undefined && !isSecureContext) {
    return render(<p class="notice">A room with a password requires HTTPS, or a page on localhost.</p>, root);
  }
  const named = roomOf(address);
  const room = named ?? randomRoom();
  const link = addressOf(room, address);
  if (named === undefined) history.replaceState(null, "", link);

  const identity = takeWindowIdentity();
  const [config, storageName] = await Promise.all([loadConfig(), storageNameOf(room, password)]);
  const client = new RoomClient({
    room,
    password,
    token,
    isSyncServed: config.sync,
    isOpen: config.mode === "open",
    serverStartedAt: config.startedAt,
    urls: webSocketUrls(link),
    identity,
    iceServers: new IceServers(() => loadIceServers(room, token)),
    storageName,
  });
  keepWindowIdentity(() => client.own.identity);
  if (named === undefined) void client.access.known().then(() => welcome(client));
  const { doc, awareness, webrtc, websocket } = client;
  Object.assign(globalThis, { yurt: { Y, doc, awareness, webrtc, websocket, room } });
  document.title = `${room} · Yurt`;
  render(<Page client={client} config={config} room={room} link={link} />, root);
}

/** Writes the first text of a new room. */
function welcome({ access, text }: RoomClient): void {
  if (access.canWrite) text.insert(0, welcomeText);
}

const root = document.getElementById("page");
if (root !== null) void start(root);
