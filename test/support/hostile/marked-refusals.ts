import { framed, providerFrames } from "../bytes/hocuspocus-frames.ts";
import { secret, tokenFor } from "../bytes/tokens.ts";
import { handshake } from "../clients/handshake.ts";
import { TestClients } from "../clients/providers.ts";
import { RawClient } from "../clients/raw-client.ts";
import { SignalingClient } from "../clients/signaling-client.ts";
import { eventually } from "../eventually.ts";
import { markedAddress, marker } from "./marked-traffic.ts";

/** The limits of a server that is to refuse the traffic below. */
export const refusingLimits = {
  addressUpgradeBurst: 2,
  authenticationMs: 500,
  documentBytes: 5_000,
  statelessLength: 100,
} as const;

/** The origin of pages that may connect. */
export const allowedOrigin = "https://app.example";

/** The events of the log that the traffic below causes. */
export const refusalEvents = [
  ...["path-refused", "handshake-refused", "origin-refused", "upgrade-refused", "access-denied"],
  ...[
    "session-refused",
    "document-refused",
    "connection-closed",
    "update-refused",
    "message-dropped",
    "signaling-bound",
  ],
];

/** Has a server with `auth.mode` token refuse what it can refuse; whatever is refused is marked. Returns the tokens. */
export async function provokeMarkedRefusals(url: string, wsUrl: string): Promise<readonly string[]> {
  const room = `refused-${marker}`;
  const token = await tokenFor({ "**": "write" }, { sub: `user-${marker}` });
  const query = `?token=${token}&q=${marker}`;
  const markedBytes = new TextEncoder().encode(marker);

  const forwarded = handshake({ "x-forwarded-for": markedAddress });
  for (let count = 0; count < 4; count += 1) await fetch(`${url}/signal?token=x`, forwarded);
  await fetch(`${url}/nowhere${query}`, handshake());
  await fetch(`${url}/signal${query}`, { headers: { connection: "Upgrade", upgrade: "websocket" } });
  await fetch(`${url}/signal${query}`, handshake({ origin: "https://evil.example" }));

  const signaling = await SignalingClient.connect(`${wsUrl}/signal${query}`);
  signaling.say({ type: "subscribe", topics: [marker.padEnd(300, "x")] });
  await signaling.handled();
  const malformed = await RawClient.connect(`${wsUrl}/sync/${room}${query}`);
  malformed.sendBytes(Uint8Array.of(0, 2, markedBytes.length, ...markedBytes));
  const collab = await RawClient.connect(`${wsUrl}/collab${query}`);
  collab.sendBytes(providerFrames(room).auth(token));
  collab.sendBytes(providerFrames(room).stateless(marker.repeat(20)));
  collab.sendBytes(framed(room, 0, 2, markedBytes));
  const stranger = await RawClient.connect(`${wsUrl}/collab?q=${marker}`);
  stranger.sendBytes(providerFrames(room).step1());
  await using clients = new TestClients();
  const large = clients.connectWith(token, wsUrl, `large-${room}`);
  await eventually("synced", () => large.provider.synced);
  large.text.insert(0, marker.repeat(1_000));
  await eventually("closed", () => malformed.closed !== undefined && stranger.closed !== undefined);
  await Promise.all([signaling.close(), collab.close()]);
  return [token, secret];
}
