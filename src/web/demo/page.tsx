import { YurtMark } from "../shared/yurt-mark.tsx";
import { BoardPanel } from "./board/board.tsx";
import { Counter } from "./counter.tsx";
import { Editor } from "./editor.tsx";
import { People } from "./people/people.tsx";
import type { Profile } from "./people/profile.ts";
import type { RoomClient } from "./room-client.ts";
import { tokenOf, withoutToken } from "./room-name.ts";
import { SyncBadge } from "./saving/sync-badge.tsx";
import type { ServerConfig, WebSocketUrls } from "./server.ts";
import { Share } from "./share.tsx";
import { Snippet } from "./snippet.tsx";
import { TransportPanel } from "./traffic/transports.tsx";

export interface PageProps {
  readonly client: RoomClient;
  readonly profile: Profile;
  readonly config: ServerConfig;
  readonly room: string;
  readonly link: URL;
  readonly urls: WebSocketUrls;
}

export function Page({ client, profile, config, room, link, urls }: PageProps) {
  return (
    <>
      <header class="masthead">
        <svg class="brand" viewBox="-33 -23 66 45" aria-hidden="true">
          <YurtMark />
        </svg>
        <h1>
          <strong>Yurt is running.</strong> Everything you type here goes to the other windows of this room — directly,
          {client.websocketDisabledReason === undefined
            ? " and through the server, which stores it."
            : " from browser to browser."}
        </h1>
        <SyncBadge client={client} />
        <a class="button primary" href={link.href} target="_blank" rel="noopener">
          Open a second window
        </a>
      </header>
      {config.mode !== "open" && tokenOf(link) === undefined && (
        <p class="panel banner">
          This server wants to know who you are. Put{" "}
          {config.mode === "token" ? "a token" : "what your application takes"} behind this page's address, as{" "}
          <code>#token=…</code>, and reload.
          {config.mode === "token" && (
            <>
              {" "}
              If the server is yours, <code>yurt token {quotedForShell(room)}</code> makes one.
            </>
          )}
        </p>
      )}
      <main>
        <Editor client={client} />
        <div class="column">
          <BoardPanel client={client} />
          <Counter client={client} />
          <Share link={withoutToken(link)} isProtected={config.mode !== "open"} />
        </div>
        <div class="column wide">
          <TransportPanel client={client} />
          <People client={client} profile={profile} />
        </div>
        <Snippet room={room} urls={urls} isSyncServed={config.sync} />
      </main>
      <footer>
        <p>
          {config.version === undefined ? "Yurt" : `Yurt ${config.version}`}. Play with it in the console:{" "}
          <code>yurt.doc</code>, <code>yurt.awareness</code>, <code>yurt.webrtc</code>, <code>yurt.websocket</code>.
        </p>
      </footer>
    </>
  );
}

function quotedForShell(room: string): string {
  return `'${room.replaceAll("'", "'\\''")}'`;
}
