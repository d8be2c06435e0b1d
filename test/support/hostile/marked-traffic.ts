import { io } from "socket.io-client";
import { secret, tokenFor } from "../bytes/tokens.ts";
import { HocuspocusClients } from "../clients/hocuspocus-clients.ts";
import { TestClients } from "../clients/providers.ts";
import { ScriptSocket } from "../clients/script-socket.ts";
import { SignalingClient } from "../clients/signaling-client.ts";
import { upgradeStatus } from "../clients/upgrade-status.ts";
import { eventually } from "../eventually.ts";

/** Part of every name, text and header value of the traffic: it must appear in no metric, and in no line of the log. */
export const marker = "nobody-may-see";

/** The forwarded address of the traffic. */
export const markedAddress = "203.0.113.97";

const room = `room-${marker}`;
const forwarded = { "x-forwarded-for": markedAddress };

export interface MarkedTraffic extends AsyncDisposable {
  /** The tokens that were shown, valid and invalid. */
  readonly tokens: readonly string[];
}

interface Target {
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
}

/**
 * Connects a client of every protocol to a server with `auth.mode` token, all with marked names, texts and tokens, and has
 * the server refuse others. The clients stay connected.
 */
export async function openMarkedTraffic({ url, wsUrl, port }: Target): Promise<MarkedTraffic> {
  await using opening = new AsyncDisposableStack();
  const claims = { sub: `user-${marker}`, jti: `id-${marker}` };
  const token = await tokenFor({ "**": "write" }, claims);
  const foreign = await tokenFor({ elsewhere: "read" }, claims);

  const clients = opening.use(new TestClients());
  for (const client of [1, 2].map(() => clients.connectWith(token, wsUrl, room))) {
    client.provider.awareness.setLocalStateField("user", { name: `presence-${marker}` });
    client.text.insert(0, `text-${marker}`);
    await eventually("synced", () => client.provider.synced);
  }
  const kind = { label: "4", version: 4, sessionAwareness: false, token } as const;
  const providers = opening.use(new HocuspocusClients(kind, wsUrl));
  const [first] = await providers.attachAll(2, room);
  first.provider.sendStateless(`stateless-${marker}`);
  const refused = opening.use(new HocuspocusClients({ ...kind, token: foreign }, wsUrl)).attach(room);
  await eventually("a denied document", () => refused.failures.length > 0);

  const firstMessages = [
    { type: "subscribe", topics: [`topic-${marker}`] },
    { type: "join", roomId: room, peerId: `peer-${marker}` },
    { type: "auth", roomId: room, from: `from-${marker}`, data: {} },
    { type: "auth", data: { roomId: room, userId: `user-${marker}`, token: null } },
    { type: "auth", roomId: room, userId: `user-${marker}`, data: { token }, timestamp: 1 },
  ];
  for (const message of firstMessages) {
    const client = opening.adopt(await SignalingClient.connect(`${wsUrl}/signal?token=${token}`), (each) =>
      each.close(),
    );
    client.say(message);
    client.say({ type: `type-${marker}`, to: `peer-${marker}`, roomId: room });
    client.say({ type: "publish", topic: `topic-${marker}`, data: `data-${marker}` });
    await client.controlPonged();
  }
  const garbage = opening.adopt(await SignalingClient.connect(`${wsUrl}/signal?token=${token}`), (each) =>
    each.close(),
  );
  garbage.send(`{"garbage-${marker}`);
  await garbage.controlPonged();
  const peer = `key=peerjs&id=peer-${marker}&token=t-${marker}&access_token=${token}`;
  const direct = opening.adopt(await ScriptSocket.connect(`${wsUrl}/peerjs/peerjs?${peer}`), (each) => each.close());
  direct.say({ type: "OFFER", dst: `receiver-${marker}`, payload: { sdp: `sdp-${marker}` } });
  await direct.next();
  const device = opening.adopt(
    io(url, { forceNew: true, transports: ["websocket"], auth: { token } }),
    (each) => void each.disconnect(),
  );
  const group = `group-${marker}`;
  await device.emitWithAck("register-device", {
    deviceId: `device-${marker}`,
    user: `user-${marker}`,
    groups: [group],
  });
  device.emit(`event-${marker}`, { toDeviceId: `device-${marker}` });

  const invalid = `token-${marker}`;
  for (const path of [`/signal?token=${invalid}`, `/sync/${room}?token=${invalid}`, `/peerjs/peerjs?id=${room}&key=k`])
    await upgradeStatus(port, path);
  const headers = { ...forwarded, authorization: `Bearer ${invalid}`, "user-agent": `agent-${marker}` };
  for (const path of ["/metrics", `/api/validate?room=${room}`, `/?q=${marker}`]) await fetch(url + path, { headers });
  await fetch(`${url}/api/tokens`, { method: "POST", headers, body: JSON.stringify({ user: `user-${marker}` }) });

  const opened = opening.move();
  return { tokens: [token, foreign, secret], [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
