import type { Awareness } from "y-protocols/awareness";
import { WebrtcProvider } from "y-webrtc";

export interface WebrtcOptions {
  readonly room: string;
  readonly password: string | undefined;
  readonly token: string | undefined;
  /** The URL of the signaling server, without a token. */
  readonly signalingUrl: string;
  /** Read for each new connection: its servers may change. */
  readonly iceConfig: RTCConfiguration;
}

/** y-webrtc's limit of connections, above the 20 windows that a demonstration may have. */
const maxConns = 40;

/** Opens a provider that is not connected, though its constructor connects to all its signaling URLs. */
export function openWebrtc(awareness: Awareness, options: WebrtcOptions): WebrtcProvider {
  const { room, password, token, signalingUrl, iceConfig } = options;
  const state = awareness.getLocalState();
  const provider = new WebrtcProvider(room, awareness.doc, {
    signaling: [],
    awareness,
    maxConns,
    // By default, simple-peer asks the STUN servers of Google and Twilio.
    peerOpts: { config: iceConfig },
    ...(password === undefined ? {} : { password }),
  });
  provider.disconnect();
  provider.signalingUrls = [token === undefined ? signalingUrl : `${signalingUrl}?${new URLSearchParams({ token })}`];
  // A room that opens while its provider is disconnected removes the awareness state that the WebSocket shares.
  provider.once("status", () => {
    if (awareness.getLocalState() === null) awareness.setLocalState(state);
  });
  return provider;
}
