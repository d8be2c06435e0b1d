import type { WebSocketUrls } from "../server-addresses.ts";

/** The code with which an app opens a room on this server with one of the client libraries. */
export interface Snippet {
  readonly id: string;
  readonly label: string;
  /** The packages that the code needs. */
  readonly install: string;
  readonly code: string;
}

export interface SnippetFacts {
  readonly room: string;
  readonly urls: WebSocketUrls;
  /** True when the server stores documents. */
  readonly isSyncServed: boolean;
  /** True when the server requires a token. */
  readonly isProtected: boolean;
  /** Whether the token is for reading only. The code has no y-webrtc then: between browsers nothing enforces that. */
  readonly isReadOnly?: boolean;
  /** The token of this page, if it has one. */
  readonly token: string | undefined;
  /** The password of the room: its text must not reach the server. */
  readonly password: string | undefined;
}

export function snippets(facts: SnippetFacts): readonly Snippet[] {
  if (facts.password !== undefined || !facts.isSyncServed) return [yWebrtc(facts)];
  if (facts.isReadOnly === true) return [yWebsocket(facts), hocuspocus(facts), react(facts)];
  return [yWebsocket(facts), hocuspocus(facts), yWebrtc(facts), both(facts), react(facts)];
}

function yWebsocket(facts: SnippetFacts): Snippet {
  const code = `import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
${tokenLine(facts)}
const doc = new Y.Doc();
${webSocketLines(facts, "")}
`;
  return { id: "y-websocket", label: "y-websocket", install: "yjs y-websocket", code };
}

function hocuspocus(facts: SnippetFacts): Snippet {
  const { room, urls, isProtected } = facts;
  const code = `import { HocuspocusProvider } from "@hocuspocus/provider";
import * as Y from "yjs";
${tokenLine(facts)}
const doc = new Y.Doc();
const provider = new HocuspocusProvider({
  url: ${quoted(urls.collab)},
  name: ${quoted(room)},
  document: doc,${isProtected ? "\n  token," : ""}
});
`;
  return { id: "hocuspocus", label: "Hocuspocus", install: "yjs @hocuspocus/provider", code };
}

function yWebrtc(facts: SnippetFacts): Snippet {
  const { room, password } = facts;
  const code = `import { WebrtcProvider } from "y-webrtc";
import * as Y from "yjs";
${tokenLine(facts)}
const doc = new Y.Doc();
const provider = new WebrtcProvider(${quoted(room)}, doc, {
  signaling: [${signalingUrl(facts)}],${password === undefined ? "" : `\n  password: ${quoted(password)},`}
});
`;
  return { id: "y-webrtc", label: "y-webrtc", install: "yjs y-webrtc", code };
}

function both(facts: SnippetFacts): Snippet {
  const code = `import { WebrtcProvider } from "y-webrtc";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
${tokenLine(facts)}
// One document over both: directly between browsers, and through the server, which stores it.
const doc = new Y.Doc();
${webSocketLines(facts, "")}
${webrtcLines(facts, "")}
`;
  return { id: "both", label: "Both", install: "yjs y-websocket y-webrtc", code };
}

function react(facts: SnippetFacts): Snippet {
  const code = `import { useEffect, useState } from "react";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
${tokenLine(facts)}
/** Returns the shared document, or undefined before the component is mounted. */
export function useSharedDocument() {
  const [doc, setDoc] = useState();
  useEffect(() => {
    const doc = new Y.Doc();
${webSocketLines(facts, "    ")}
    setDoc(doc);
    return () => {
      provider.destroy();
      doc.destroy();
      setDoc(undefined);
    };
  }, []);
  return doc;
}
`;
  return { id: "react", label: "React", install: "react yjs y-websocket", code };
}

/** The room is a part of y-websocket's URL. */
function webSocketLines({ room, urls, isProtected }: SnippetFacts, indent: string): string {
  const lines = [
    "const provider = new WebsocketProvider(",
    `  ${quoted(urls.sync)},`,
    `  ${quoted(encodeURIComponent(room))},`,
    "  doc,",
    ...(isProtected ? ["  { params: { token } },"] : []),
    ");",
  ];
  return lines.map((line) => indent + line).join("\n");
}

function webrtcLines(facts: SnippetFacts, indent: string): string {
  const lines = [
    `const webrtc = new WebrtcProvider(${quoted(facts.room)}, doc, {`,
    `  signaling: [${signalingUrl(facts)}],`,
    "  awareness: provider.awareness,",
    "});",
  ];
  return lines.map((line) => indent + line).join("\n");
}

function signalingUrl({ urls, isProtected }: SnippetFacts): string {
  return isProtected ? `${quoted(`${urls.signal}?token=`)} + token` : quoted(urls.signal);
}

/** An app gets its tokens from its own backend. A given one works until it expires. */
function tokenLine({ isProtected, room, token }: SnippetFacts): string {
  if (!isProtected) return "";
  const source =
    token === undefined ? `create one: yurt token ${quotedForShell(room)}` : "it expires; your backend creates others";
  return `\n// ${source}\nconst token = ${quoted(token ?? "")};\n`;
}

function quotedForShell(room: string): string {
  return `'${room.replaceAll("'", "'\\''")}'`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
