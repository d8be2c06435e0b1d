import { IndexeddbPersistence } from "y-indexeddb";
import type { WebrtcProvider } from "y-webrtc";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import type { WebSocketUrls } from "../shared/server-addresses.ts";
import { Value } from "../shared/value.ts";
import { AccessWatch } from "./access/access-watch.ts";
import type { BoardPresence } from "./board/board-presence.ts";
import { ChecklistState } from "./checklist/checklist-state.ts";
import { textOf } from "./document/roots.ts";
import { type ServerLinks, ServerWatch } from "./headline/server-watch.ts";
import { OwnProfile } from "./people/own-profile.ts";
import { type Connections, isAnyConnected, type Peer, peers } from "./people/peers.ts";
import type { Cursor } from "./people/person.ts";
import { Presence } from "./people/presence.ts";
import { RoomAwareness } from "./people/room-awareness.ts";
import type { WindowIdentity } from "./people/window-identity.ts";
import { SaveWatch } from "./saving/save-watch.ts";
import type { ServerLink } from "./saving/sync-state.ts";
import { loadAccess, loadConfig } from "./server.ts";
import type { IceServers } from "./traffic/ice-servers.ts";
import { LinkMeter } from "./traffic/link-meter.ts";
import { type Links, links } from "./traffic/links.ts";
import { meteredWebSocket } from "./traffic/metered-websocket.ts";
import { openWebrtc } from "./traffic/open-webrtc.ts";
import { TransportChoice, type Transports } from "./traffic/transport-choice.ts";

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
  /** When the server was started, in epoch milliseconds. */
  readonly serverStartedAt: number | undefined;
  readonly urls: WebSocketUrls;
  readonly identity: WindowIdentity;
  readonly iceServers: IceServers;
  /** The name of the IndexedDB database that keeps the document. */
  readonly storageName: string;
}

/** The page's client of one room: the document, its awareness and both transports. It renders nothing. */
export class RoomClient {
  readonly doc = new Y.Doc();
  readonly awareness = new RoomAwareness(this.doc);
  readonly presence = new Presence(this.awareness, () => isAnyConnected(this.#connections));
  readonly own: OwnProfile;
  readonly webrtc: WebrtcProvider;
  readonly websocket: WebsocketProvider;
  /** The reason why the WebSocket never connects in this room; undefined if it may connect. */
  readonly websocketDisabledReason: "private" | "not-served" | undefined;
  readonly access: AccessWatch;
  readonly saving: SaveWatch;
  readonly meter: LinkMeter;
  readonly server: ServerWatch;
  readonly checklist: ChecklistState;
  /** The transports that are on. */
  readonly transports: Value<Transports>;
  /** The reason why the server denied access for good, empty if it gave none; undefined while access is not denied. */
  readonly denial = new Value<string | undefined>(undefined);
  readonly people = new Value<readonly Peer[]>([]);
  /** The number of people who are left out of `people`. */
  readonly hiddenCount = new Value(0);
  readonly links = new Value<Links>({ direct: "off", server: "off", others: "off", directWays: [] });
  readonly #choice: TransportChoice;
  readonly #iceServers: IceServers;
  #serverStartedAt: number | undefined;
  /** The edits that were made in this window. */
  #editCount = 0;

  constructor(options: RoomClientOptions) {
    const { identity, iceServers, isOpen, isSyncServed, password, room, storageName, token, urls } = options;
    this.websocketDisabledReason = password !== undefined ? "private" : isSyncServed ? undefined : "not-served";
    this.#choice = new TransportChoice(room, this.websocketDisabledReason === undefined);
    this.#iceServers = iceServers;
    this.#serverStartedAt = options.serverStartedAt;
    this.checklist = new ChecklistState(room);
    // Without the WebSocket the server has no say in what a window changes.
    const isRestricted = this.websocketDisabledReason === undefined && !isOpen;
    this.access = new AccessWatch(isRestricted ? () => loadAccess(room, token) : undefined);
    this.transports = new Value(this.#permitted);
    this.own = new OwnProfile(identity);
    this.#publishProfile();

    const persistence = new IndexeddbPersistence(storageName, this.doc);
    this.saving = new SaveWatch(persistence, () => this.#reach);
    const iceConfig = iceServers.config;
    this.webrtc = openWebrtc(this.awareness, { room, password, token, signalingUrl: urls.signal, iceConfig });
    this.meter = new LinkMeter(this.webrtc, () => this.#refresh());
    this.server = new ServerWatch(() => this.#serverFacts);
    this.websocket = this.#openWebsocket(options);
    this.server.follow(this.websocket);
    this.meter.start(this.websocket);
    if (this.transports.current.webrtc) this.#turnWebrtc(true);
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === this.websocket || origin === this.webrtc.room) return;
      if (origin !== persistence) this.#editCount += 1;
      this.saving.changed(update, origin);
    });
    this.presence.subscribe(() => this.#refresh());
    this.webrtc.on("peers", () => this.#refresh());
    this.webrtc.on("status", () => this.#publish("peerId", this.webrtc.room?.peerId));
    this.access.state.subscribe(() => this.#apply());
    this.saving.state.subscribe(() => this.#refresh());
    this.#refresh();
  }

  get text(): Y.Text {
    return textOf(this.doc);
  }

  /** Sets the name or colour that other windows show at the caret, in the list and on the board. */
  changeProfile(change: Parameters<OwnProfile["change"]>[0]): void {
    this.own.change(change);
    this.own.distinguish(this.doc.clientID, this.presence.people);
    this.#publishProfile();
  }

  /** Sets the selection that other windows show in the text. */
  setCursor(cursor: Cursor): void {
    this.awareness.setLocalStateField("cursor", cursor);
  }

  /** Sets the pointer and the unfinished stroke that other windows show on the board. */
  setBoardPresence(board: BoardPresence): void {
    this.awareness.setLocalState({ ...this.awareness.getLocalState(), ...board });
  }

  switchWebrtc(isOn: boolean): void {
    this.#choice.turn({ webrtc: isOn });
    this.#switched();
  }

  switchWebsocket(isOn: boolean): void {
    this.#choice.turn({ websocket: isOn });
    this.#switched();
  }

  goOffline(isOffline: boolean): void {
    this.#choice.goOffline(isOffline);
    this.#switched();
  }

  /** WebRTC would carry the edits of a window that may only read past the server. */
  get #permitted(): Transports {
    const { webrtc, websocket } = this.#choice.wanted;
    return { webrtc: webrtc && this.access.canWrite, websocket };
  }

  #switched(): void {
    this.denial.set(undefined);
    this.#apply();
  }

  #apply(): void {
    const current = this.transports.current;
    const next = this.#permitted;
    const state = this.awareness.getLocalState();
    this.transports.set(next);
    if (next.webrtc !== current.webrtc) this.#turnWebrtc(next.webrtc);
    if (next.websocket !== current.websocket) this.#turnWebsocket(next.websocket);
    // A provider that is switched off removes the awareness state that both share, so it is set again for the other one.
    if (state !== null) this.awareness.setLocalState(state);
    this.#refresh();
  }

  #turnWebrtc(isOn: boolean): void {
    if (isOn) {
      void this.#iceServers.ready().then(() => {
        if (this.transports.current.webrtc) this.webrtc.connect();
      });
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
      connect: this.transports.current.websocket,
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
    websocket.on("status", ({ status }) => {
      // The provider sends its first frames after this event.
      queueMicrotask(() => this.#publish("isOnServer", websocket.wsconnected));
      this.#refresh();
      if (status === "connected") void this.#noticeRestart();
    });
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

  async #noticeRestart(): Promise<void> {
    const { startedAt } = await loadConfig();
    this.#serverStartedAt = startedAt ?? this.#serverStartedAt;
    this.#refresh();
  }

  /** Sets a field of the awareness state, unless it has this value already. */
  #publish(field: string, value: string | boolean | undefined): void {
    const state = this.awareness.getLocalState();
    if (value !== undefined && state?.[field] !== value) this.awareness.setLocalStateField(field, value);
  }

  #publishProfile(): void {
    this.awareness.setLocalState({ ...this.awareness.getLocalState(), ...this.own.state });
  }

  get #connections(): Connections {
    const room = this.webrtc.connected ? this.webrtc.room : null;
    const open = [...(room?.webrtcConns ?? [])].filter(([, { connected }]) => connected);
    return {
      isOnServer: this.websocket.wsconnected,
      direct: new Set(open.map(([id]) => id)),
      sameBrowser: room?.bcConns ?? new Set(),
      routes: this.meter.routes,
    };
  }

  get #isSignalingConnected(): boolean {
    return this.webrtc.signalingConns.some(({ connected }) => connected);
  }

  get #serverLink(): ServerLink {
    if (this.websocketDisabledReason !== undefined) return this.websocketDisabledReason;
    if (!this.transports.current.websocket) return "off";
    if (this.denial.current !== undefined) return "denied";
    return this.websocket.wsconnected ? "connected" : "connecting";
  }

  get #serverFacts(): ServerLinks {
    const { webrtc, websocket } = this.transports.current;
    return {
      link: this.#serverLink,
      isOffline: !(webrtc || websocket),
      isSignalingConnected: this.#isSignalingConnected,
      denial: this.denial.current,
    };
  }

  /** The facts about this window's connections that the text about saving depends on. */
  get #reach() {
    const reached = this.people.current.filter(({ reach }) => isDirectly(reach));
    return {
      link: this.#serverLink,
      access: this.access.state.current,
      denial: this.denial.current,
      peerCount: reached.length,
      savingPeerCount: reached.filter(({ isOnServer }) => isOnServer).length,
    };
  }

  #refresh(): void {
    const connections = this.#connections;
    if (isAnyConnected(connections)) this.presence.forgetLost();
    if (this.own.distinguish(this.doc.clientID, this.presence.people)) this.#publishProfile();
    this.people.set(peers(this.presence, connections));
    this.hiddenCount.set(this.presence.hiddenCount);
    this.links.set(
      links({
        transports: this.transports.current,
        isDenied: this.denial.current !== undefined,
        isOnServer: connections.isOnServer,
        people: this.people.current,
      }),
    );
    this.saving.update();
    this.server.update();
    this.#observeSteps();
  }

  #observeSteps(): void {
    const { webrtc, websocket } = this.transports.current;
    const reached = this.people.current.filter(({ reach }) => reach !== "you" && reach !== "lost");
    this.checklist.observe({
      isWebrtcOn: webrtc,
      isWebsocketOn: websocket,
      isSynced: this.websocket.synced,
      isSaved: this.saving.state.current.state === "saved",
      othersCount: reached.length,
      directCount: reached.filter(({ reach }) => isDirectly(reach)).length,
      isSignalingConnected: this.#isSignalingConnected,
      editCount: this.#editCount,
      hasText: this.text.length > 0,
      serverStartedAt: this.#serverStartedAt,
    });
  }
}

/** True when a window is reached without the server's relay. */
function isDirectly(reach: Peer["reach"]): boolean {
  return reach === "direct" || reach === "turn" || reach === "same-browser";
}
