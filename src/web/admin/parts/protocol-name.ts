const names: Readonly<Record<string, string>> = {
  "y-websocket": "y-websocket",
  hocuspocus: "Hocuspocus",
  "json-signaling": "JSON signaling",
  "y-webrtc": "y-webrtc",
  octatecode: "OctateCode",
  cliffy: "Cliffy",
  peerjs: "PeerJS",
  peers: "Peers",
  "engine.io": "Socket.IO",
};

/** The name of a protocol as its project writes it; an unknown one is returned as it is. */
export function protocolName(id: string): string {
  return names[id] ?? id;
}
