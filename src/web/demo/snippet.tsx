import { CopyButton } from "../shared/copy-button.tsx";
import type { WebSocketUrls } from "../shared/server-addresses.ts";

export interface SnippetProps {
  readonly room: string;
  readonly urls: WebSocketUrls;
  readonly isSyncServed: boolean;
}

/** The code with which an app opens this room on this server. */
export function Snippet({ room, urls, isSyncServed }: SnippetProps) {
  const code = isSyncServed ? hybridCode(room, urls) : webrtcCode(room, urls.signal);
  return (
    <section class="panel snippet" aria-labelledby="snippet-title">
      <header>
        <h2 id="snippet-title">Use it in your app</h2>
        <CopyButton label="Copy code" text={code} />
      </header>
      <pre data-snippet>
        <code>
          {code.split(/(?<=\n)/).map((line) => (
            <CodeLine key={line} line={line} />
          ))}
        </code>
      </pre>
    </section>
  );
}

/** A string literal with the brackets and commas around it. */
const stringPattern = /([[{]*"(?:[^"\\]|\\.)*"[^\s"]*)/;

/** A line that is too long wraps before a string, so that URLs stay in one piece. */
function CodeLine({ line }: { readonly line: string }) {
  return (
    <span class="code-line">
      {line.split(stringPattern).map((part, index) =>
        index % 2 === 0 ? (
          part
        ) : (
          <span key={part} class="whole">
            {part}
          </span>
        ),
      )}
    </span>
  );
}

function hybridCode(room: string, urls: WebSocketUrls): string {
  return `import { WebrtcProvider } from "y-webrtc";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const doc = new Y.Doc();
const websocket = new WebsocketProvider(${quoted(urls.sync)}, ${quoted(encodeURIComponent(room))}, doc);
const { awareness } = websocket;
const webrtc = new WebrtcProvider(${quoted(room)}, doc, { signaling: [${quoted(urls.signal)}], awareness });
`;
}

function webrtcCode(room: string, signal: string): string {
  return `import { WebrtcProvider } from "y-webrtc";
import * as Y from "yjs";

const doc = new Y.Doc();
const provider = new WebrtcProvider(${quoted(room)}, doc, { signaling: [${quoted(signal)}] });
`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
