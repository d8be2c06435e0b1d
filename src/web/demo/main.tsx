import { render } from "preact";
import * as Y from "yjs";
import { Page } from "./page.tsx";
import { loadIdentity } from "./people/identity.ts";
import { addressOf, passwordOf, randomRoom, roomOf, tokenOf } from "./room-name.ts";
import { loadConfig, webSocketUrls } from "./server.ts";
import { Session } from "./session.ts";
import { storageNameOf } from "./storage-name.ts";
import { welcomeText } from "./welcome.ts";

async function start(root: HTMLElement): Promise<void> {
  const address = new URL(location.href);
  const [password, token] = [passwordOf(address), tokenOf(address)];
  if (password !== undefined && !isSecureContext) {
    return render(<p class="notice">A room with a password needs a page over HTTPS, or on this machine.</p>, root);
  }
  const named = roomOf(address);
  const room = named ?? randomRoom();
  const link = addressOf(room, address);
  if (named === undefined) history.replaceState(null, "", link);

  const [config, storageName] = await Promise.all([loadConfig(), storageNameOf(room, password)]);
  const identity = loadIdentity();
  const urls = webSocketUrls(link);
  const session = new Session({ room, password, token, isSyncServed: config.sync, urls, identity, storageName });
  if (named === undefined) session.text.insert(0, welcomeText(session.websocketBarrier === undefined));
  const { doc, awareness, webrtc, websocket } = session;
  Object.assign(globalThis, { yurt: { Y, doc, awareness, webrtc, websocket, room } });
  document.title = `${room} · Yurt`;
  render(<Page session={session} identity={identity} config={config} room={room} link={link} urls={urls} />, root);
}

const root = document.getElementById("page");
if (root !== null) void start(root);
