import { useState } from "preact/hooks";
import { useValue } from "../../shared/value.ts";
import type { RoomClient, Transports } from "../room-client.ts";
import type { Peer, Reach } from "./peers.ts";
import { type Profile, saveProfile } from "./profile.ts";

const reachTexts: Readonly<Record<Reach, string>> = {
  you: "this window",
  direct: "direct",
  "same-browser": "same browser",
  relay: "via the server",
};

/** The rows that the list's height has room for. */
const rowsWithoutScrolling = 10;

export function People({ client, profile }: { readonly client: RoomClient; readonly profile: Profile }) {
  const people = useValue(client.people);
  const transports = useValue(client.transports);
  const hiddenCount = useValue(client.hiddenCount);
  return (
    <section class="panel people" aria-labelledby="people-title">
      <h2 id="people-title">People</h2>
      <ul aria-labelledby="people-title" tabIndex={people.length > rowsWithoutScrolling ? 0 : undefined}>
        {people.map((peer) => (
          <PeerRow key={peer.clientId} peer={peer} transports={transports} />
        ))}
      </ul>
      {hiddenCount > 0 && <p class="hint">and {hiddenCount} more</p>}
      <ProfileForm client={client} profile={profile} />
    </section>
  );
}

function PeerRow({ peer, transports }: { readonly peer: Peer; readonly transports: Transports }) {
  const { clientId, name, color, reach } = peer;
  return (
    <li data-client-id={clientId} data-reach={reach}>
      <span class="dot" style={{ backgroundColor: color }} aria-hidden="true" />
      <span class="person-name">{name}</span>
      <span class="reach">{reachText(reach, transports)}</span>
    </li>
  );
}

/** `relay` is every other way than a direct one: the server, or another window that passes edits on. */
function reachText(reach: Reach, { webrtc, websocket }: Transports): string {
  if (reach !== "relay" || websocket) return reachTexts[reach];
  return webrtc ? "via a peer" : "not connected";
}

function ProfileForm({ client, profile: initial }: { readonly client: RoomClient; readonly profile: Profile }) {
  const [profile, setProfile] = useState(initial);
  const change = (next: Profile) => {
    setProfile(next);
    saveProfile(next);
    client.setProfile(next);
  };
  return (
    <div class="profile">
      <label>
        Your name
        <input
          type="text"
          value={profile.name}
          maxLength={40}
          autoComplete="nickname"
          onInput={(event) => change({ ...profile, name: event.currentTarget.value })}
        />
      </label>
      <label>
        Your colour
        <input
          type="color"
          value={profile.color}
          onInput={(event) => change({ ...profile, color: event.currentTarget.value })}
        />
      </label>
    </div>
  );
}
