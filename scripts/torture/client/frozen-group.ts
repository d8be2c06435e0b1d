/**
 * Clients that a torture stops and resumes: `bun frozen-group.ts <wsUrl> <document> <clients>`.
 *
 * Each client is an editor of the document with a presence, by the real provider of y-websocket or of Hocuspocus, a peer of
 * a Cliffy room, and a PeerJS client that answers each offer. All of them return by themselves. Each refusal is a line on
 * standard output.
 */
import { HocuspocusProvider } from "@hocuspocus/provider";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const returnMs = 500;

const [wsUrl = "", document = "", clients = "0"] = process.argv.slice(2);

/** Keeps a socket open: each time it closes, another one takes its place. */
function keepOpen(url: string, handlers: { opened(send: Send): void; received(message: Message, send: Send): void }) {
  const socket = new WebSocket(url);
  const send: Send = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () => handlers.opened(send);
  socket.onmessage = ({ data }) => handlers.received(JSON.parse(String(data)), send);
  socket.onclose = () => void setTimeout(() => keepOpen(url, handlers), returnMs);
}

type Message = Readonly<Record<string, unknown>>;
type Send = (message: Message) => void;

for (let index = 0; index < Number(clients); index += 1) {
  const doc = new Y.Doc();
  const isHocuspocus = index % 2 === 1;
  const provider = isHocuspocus
    ? new HocuspocusProvider({ url: `${wsUrl}/collab`, name: document, document: doc, token: null })
    : new WebsocketProvider(`${wsUrl}/sync`, document, doc, { disableBc: true });
  provider.awareness?.setLocalState({ index });
  // The length of the text that this client has seen, for the observer.
  const seen = doc.getMap<number>("seen");
  const text = doc.getText("text");
  text.observe(() => seen.set(String(doc.clientID), text.length));
  const id = `frozen-${index}`;
  keepOpen(`${wsUrl}/signal`, {
    opened: (send) => send({ type: "join", roomId: "frozen", peerId: id }),
    received: ({ type, message }) => {
      if (type === "error") console.log(`a Cliffy client is told: ${message}`);
    },
  });
  keepOpen(`${wsUrl}/peerjs/peerjs?key=peerjs&id=${id}&token=${id}`, {
    opened: () => {},
    received: ({ type, src }, send) => {
      if (type === "OFFER") send({ type: "ANSWER", payload: id, dst: src });
      else if (type !== "OPEN") console.log(`a PeerJS client is told: ${type}`);
    },
  });
}
