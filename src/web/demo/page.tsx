import { publicAddressOf, webSocketUrls } from "../shared/server-addresses.ts";
import { YurtMark } from "../shared/yurt-mark.tsx";
import { BoardPanel } from "./board/board.tsx";
import { Counter } from "./counter.tsx";
import { Editor } from "./editor/editor.tsx";
import { People } from "./people/people.tsx";
import type { Profile } from "./people/profile.ts";
import type { RoomClient } from "./room-client.ts";
import { tokenOf, withoutToken } from "./room-name.ts";
import { SyncBadge } from "./saving/sync-badge.tsx";
import type { ServerConfig } from "./server.ts";
import { Share } from "./share.tsx";
import { Snippet } from "./snippet.tsx";
import { TransportPanel } from "./traffic/transports.tsx";

export interface PageProps {
  readonly client: RoomClient;
  readonly profile: Profile;
  readonly config: ServerConfig;
  readonly room: string;
  readonly link: URL;
}

export function Page({ client, profile, config, room, link }: PageProps) {
  const publicLink = publicAddressOf(link, config.publicUrl);
  return (
    <>
      <header class="masthead">
        <svg class="brand" viewBox="-33 -23 66 45" aria-hidden="true">
          <YurtMark />
        </svg>
        <h1>
          <strong>Yurt is running</strong>, a self-hosted sync server for your Yjs app. In this demo, edits travel
          {client.websocketDisabledReason === undefined
            ? " directly and through the server."
            : " directly between browsers."}
        </h1>
        <SyncBadge client={client} />
        <a class="button primary" href={link.href} target="_blank" rel="noopener">
          Open a second window
        </a>
      </header>
      {config.mode !== "open" && tokenOf(link) === undefined && (
        <p class="panel banner">
          This server requires a token. Add{" "}
          {config.mode === "token" ? (
            <>
              one to this page's address as <code>#token=…</code> and reload. Create it with:{" "}
              <code>yurt token {quotedForShell(room)}</code>
            </>
          ) : (
            <>
              one that your app accepts to this page's address as <code>#token=…</code> and reload.
            </>
          )}
        </p>
      )}
      <main>
        <Editor client={client} />
        <div class="column">
          <BoardPanel client={client} />
          <Counter client={client} />
          <Share link={withoutToken(publicLink)} isProtected={config.mode !== "open"} />
        </div>
        <div class="column wide">
          <TransportPanel client={client} />
          <People client={client} profile={profile} />
        </div>
        <Snippet room={room} urls={webSocketUrls(publicLink)} isSyncServed={config.sync} />
      </main>
      <footer>
        <p>
          {config.version === undefined ? "Yurt" : `Yurt ${config.version}`}. In the browser's dev tools:{" "}
          <code>yurt.doc</code>, <code>yurt.awareness</code>, <code>yurt.webrtc</code>, <code>yurt.websocket</code>.
        </p>
      </footer>
    </>
  );
}

function quotedForShell(room: string): string {
  return `'${room.replaceAll("'", "'\\''")}'`;
}
