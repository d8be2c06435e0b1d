import { IndexeddbPersistence } from "y-indexeddb";
import type { Awareness } from "y-protocols/awareness";
import { WebrtcProvider } from "y-webrtc";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import type { WebSocketUrls } from "../shared/server-addresses.ts";
import { Value } from "../shared/value.ts";
import { AccessWatch } from "./access/access-watch.ts";
import type { Point } from "./board/points.ts";
import { textOf } from "./document/roots.ts";
import { type Peer, peers } from "./people/peers.ts";
import { type Cursor, readName } from "./people/person.ts";
import { Presence } from "./people/presence.ts";
import type { Profile } from "./people/profile.ts";
import { RoomAwareness } from "./people/room-awareness.ts";
import { SaveWatch } from "./saving/save-watch.ts";
import type { ServerLink } from "./saving/sync-state.ts";
import { loadAccess } from "./server.ts";
import { LinkMeter } from "./traffic/link-meter.ts";
import { meteredWebSocket } from "./traffic/metered-websocket.ts";

export interface RoomClientOptions {
  readonly room: string;
  /** The password of a private room. Only WebRTC is used then, because the server must not see the text. */
  readonly password: string | undefined;
  /** The access token that is sent to the server. */
  readonly token: string | undefined;
  /** True when the server stores documents. */
  readonly isSyncServed: boolean;
  /** True when the server lets everyone read and write. */
  readonly isOpen: boolean;
  readonly urls: WebSocketUrls;
  readonly profile: Profile;
  /** The name of the IndexedDB database that keeps the document. */
  readonly storageName: string;
}

/** The transports that this window uses. "Offline" means that both are off. */
export interface Transports {
  readonly webrtc: boolean;
  readonly websocket: boolean;
}

const noTransport: Transports = { webrtc: false, websocket: false };

/** y-webrtc's limit of connections, above the 20 windows that a demonstration may have. */
const maxConns = 40;

/** The page's client of one room: the document, its awareness and both transports. It renders nothing. */
export class RoomClient {
  readonly doc = new Y.Doc();
  readonly awareness = new RoomAwareness(this.doc);
  readonly presence = new Presence(this.awareness);
  readonly webrtc: WebrtcProvider;
  readonly websocket: WebsocketProvider;
  /** The reason why the WebSocket never connects in this room; undefined if it may connect. */
  readonly websocketDisabledReason: "private" | "not-served" | undefined;
  readonly access: AccessWatch;
  readonly saving: SaveWatch;
  readonly meter: LinkMeter;
  /** The transports that are on. */
  readonly transports: Value<Transports>;
  /** The reason why the server denied access for good, empty if it gave none; undefined while access is not denied. */
  readonly denial = new Value<string | undefined>(undefined);
  readonly people = new Value<readonly Peer[]>([]);
  /** The number of people who are left out of `people`. */
  readonly hiddenCount = new Value(0);
  /** The transports that the user wants to be on. */
  #wanted: Transports;
  /** The transports to switch on again when "Offline" is switched off. */
  #interrupted: Transports;

  constructor(options: RoomClientOptions) {
    const { isOpen, isSyncServed, password, profile, room, storageName, token } = options;
    this.websocketDisabledReason = password !== undefined ? "private" : isSyncServed ? undefined : "not-served";
    this.#wanted = { webrtc: true, websocket: this.websocketDisabledReason === undefined };
    this.#interrupted = this.#wanted;
    // Without the WebSocket the server has no say in what a window changes.
    const isRestricted = this.#wanted.websocket && !isOpen;
    this.access = new AccessWatch(isRestricted ? () => loadAccess(room, token) : undefined);
    this.transports = new Value(this.#permitted);
    this.setProfile(profile);

    const persistence = new IndexeddbPersistence(storageName, this.doc);
    this.saving = new SaveWatch(persistence, () => ({
      link: this.#serverLink,
      access: this.access.state.current,
      denial: this.denial.current,
      peerCount: this.#reachedCount,
    }));
    this.webrtc = openWebrtc(this.awareness, options);
    if (this.transports.current.webrtc) this.webrtc.connect();
    this.meter = new LinkMeter(this.webrtc, () => this.#refresh());
    this.websocket = this.#openWebsocket(options);
    this.meter.start(this.websocket);
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== this.websocket && origin !== this.webrtc.room) this.saving.changed(update, origin);
    });
    this.presence.subscribe(() => this.#refresh());
    this.webrtc.on("peers", () => this.#refresh());
    this.webrtc.on("status", () => this.#publishPeerId());
    this.access.state.subscribe(() => this.#apply());
    this.#refresh();
  }

  get text(): Y.Text {
    return textOf(this.doc);
  }

  /** Sets the name and colour that other windows show at the caret, in the list and on the board. */
  setProfile({ name, color }: Profile): void {
    const state = this.awareness.getLocalState() ?? {};
    const user = { name: readName(name), color, colorLight: `${color}33` };
    this.awareness.setLocalState({ ...state, user });
  }

  /** Sets the selection that other windows show in the text. */
  setCursor(cursor: Cursor): void {
    this.awareness.setLocalStateField("cursor", cursor);
  }

  /** Sets the stroke that other windows show while this one is drawing it. */
  setDrawing(points: readonly Point[]): void {
    this.awareness.setLocalStateField("drawing", points);
  }

  switchWebrtc(isOn: boolean): void {
    this.#want({ ...this.#wanted, webrtc: isOn });
  }

  switchWebsocket(isOn: boolean): void {
    if (this.websocketDisabledReason !== undefined) return;
    this.#want({ ...this.#wanted, websocket: isOn });
  }

  goOffline(isOffline: boolean): void {
    if (isOffline) this.#interrupted = this.#wanted;
    this.#want(isOffline ? noTransport : this.#interrupted);
  }

  /** WebRTC would carry the edits of a window that may only read past the server. */
  get #permitted(): Transports {
    return { ...this.#wanted, webrtc: this.#wanted.webrtc && this.access.canWrite };
  }

  #want(transports: Transports): void {
    this.#wanted = transports;
    this.denial.set(undefined);
    this.#apply();
  }

  #apply(): void {
    const current = this.transports.current;
    const { webrtc, websocket } = this.#permitted;
    const state = this.awareness.getLocalState();
    this.transports.set({ webrtc, websocket });
    if (webrtc !== current.webrtc) this.#turnWebrtc(webrtc);
    if (websocket !== current.websocket) this.#turnWebsocket(websocket);
    // A provider that is switched off removes the awareness state that both share, so it is set again for the other one.
    if (state !== null) this.awareness.setLocalState(state);
    this.#refresh();
  }

  #turnWebrtc(isOn: boolean): void {
    if (isOn) {
      this.webrtc.connect();
      return;
    }
    this.webrtc.disconnect();
    this.webrtc.room?.bcConns.clear();
  }

  #turnWebsocket(isOn: boolean): void {
    if (isOn) this.websocket.connect();
    else this.websocket.disconnect();
  }

  #openWebsocket({ urls, room, token }: RoomClientOptions): WebsocketProvider {
    const websocket = new WebsocketProvider(urls.sync, encodeURIComponent(room), this.doc, {
      awareness: this.awareness,
      connect: this.websocketDisabledReason === undefined,
      disableBc: true,
      params: token === undefined ? {} : { token },
      WebSocketPolyfill: meteredWebSocket({
        sent: (frame) => {
          this.meter.sent(frame);
          this.saving.sent(frame);
        },
        received: (frame) => {
          this.meter.received(frame);
          this.access.received(frame);
          this.saving.received(frame);
        },
      }),
    });
    websocket.on("status", () => this.#refresh());
    websocket.on("closed", () => {
      this.#denied("");
      void loadAccess(room, token).then((answer) => {
        if (answer?.access === "none" && this.denial.current !== undefined) this.#denied(answer.reason);
      });
    });
    return websocket;
  }

  #denied(reason: string): void {
    this.denial.set(reason);
    this.#refresh();
  }

  #publishPeerId(): void {
    const peerId = this.webrtc.room?.peerId;
    const state = this.awareness.getLocalState();
    if (peerId !== undefined && state?.["peerId"] !== peerId) this.awareness.setLocalStateField("peerId", peerId);
  }

  get #serverLink(): ServerLink {
    if (this.websocketDisabledReason !== undefined) return this.websocketDisabledReason;
    if (!this.transports.current.websocket) return "off";
    if (this.denial.current !== undefined) return "denied";
    return this.websocket.wsconnected ? "connected" : "connecting";
  }

  /** The number of windows that are connected without the server. */
  get #reachedCount(): number {
    return this.people.current.filter(({ reach }) => reach === "direct" || reach === "same-browser").length;
  }

  #refresh(): void {
    this.people.set(peers(this.presence, this.webrtc));
    this.hiddenCount.set(this.presence.hiddenCount);
    this.saving.update();
  }
}

/** Opens a provider that is not connected, though its constructor connects to all its signaling URLs. */
function openWebrtc(awareness: Awareness, { room, password, token, urls }: RoomClientOptions): WebrtcProvider {
  const state = awareness.getLocalState();
  const provider = new WebrtcProvider(room, awareness.doc, {
    signaling: [],
    awareness,
    maxConns,
    // By default, simple-peer asks the STUN servers of Google and Twilio.
    peerOpts: { config: { iceServers: [] } },
    ...(password === undefined ? {} : { password }),
  });
  provider.disconnect();
  provider.signalingUrls = [token === undefined ? urls.signal : `${urls.signal}?${new URLSearchParams({ token })}`];
  // A room that opens while its provider is disconnected removes the awareness state that the WebSocket shares.
  provider.once("status", () => {
    if (awareness.getLocalState() === null) awareness.setLocalState(state);
  });
  return provider;
}
