import { webSocketUrls } from "../shared/server-addresses.ts";
import { BoardPanel } from "./board/board-panel.tsx";
import { Checklist } from "./checklist/checklist.tsx";
import { CodePanel } from "./code/code-panel.tsx";
import { Editor } from "./editor/editor.tsx";
import { Masthead } from "./headline/masthead.tsx";
import { TokenForm } from "./headline/token-form.tsx";
import { shareLinks } from "./invite/share-links.ts";
import { People } from "./people/people.tsx";
import type { RoomClient } from "./room-client.ts";
import { passwordOf, tokenOf } from "./room-name.ts";
import type { ServerConfig } from "./server.ts";
import { TransportPanel } from "./traffic/transports.tsx";

export interface PageProps {
  readonly client: RoomClient;
  readonly config: ServerConfig;
  readonly room: string;
  /** The address of this page, with the room in it. */
  readonly link: URL;
}

export function Page({ client, config, room, link }: PageProps) {
  const links = shareLinks(link, config);
  const [publicLink = link] = config.publicUrl === undefined ? [link] : links;
  const token = tokenOf(link);
  return (
    <>
      <Masthead
        client={client}
        link={link}
        links={links}
        hasToken={token !== undefined}
        isServerLocal={config.local}
        isProtected={config.mode !== "open"}
      />
      <TokenForm client={client} mode={config.mode} room={room} link={link} />
      <main>
        <div class="hero">
          <Editor client={client} />
          <BoardPanel client={client} />
        </div>
        <aside class="rail" aria-label="The room">
          <People client={client} />
          <TransportPanel client={client} />
        </aside>
        <Checklist client={client} />
        <CodePanel
          room={room}
          urls={webSocketUrls(publicLink)}
          isSyncServed={config.sync}
          isProtected={config.mode !== "open"}
          token={token}
          password={passwordOf(link)}
        />
      </main>
      <footer>
        <p>
          {config.version === undefined ? "Yurt" : `Yurt ${config.version}`} · MIT licence. In the browser's dev tools:{" "}
          <code>yurt.doc</code>, <code>yurt.awareness</code>, <code>yurt.webrtc</code>, <code>yurt.websocket</code>.
        </p>
        <p>
          Trouble connecting? <a href={`check${link.hash}`}>Test the connection</a>
        </p>
      </footer>
    </>
  );
}
