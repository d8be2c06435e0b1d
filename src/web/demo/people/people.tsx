import { useState } from "preact/hooks";
import { useValue } from "../../shared/value.ts";
import type { RoomClient, Transports } from "../room-client.ts";
import type { Person, Reach } from "./peers.ts";
import { type Profile, saveProfile } from "./profile.ts";

const reachTexts: Readonly<Record<Reach, string>> = {
  you: "this window",
  direct: "direct",
  "same-browser": "same browser",
  relay: "via the server",
};

export function People({ client, profile }: { readonly client: RoomClient; readonly profile: Profile }) {
  const people = useValue(client.people);
  const transports = useValue(client.transports);
  return (
    <section class="panel people" aria-labelledby="people-title">
      <h2 id="people-title">People</h2>
      <ul aria-labelledby="people-title">
        {people.map((person) => (
          <PersonRow key={person.clientId} person={person} transports={transports} />
        ))}
      </ul>
      <ProfileForm client={client} profile={profile} />
    </section>
  );
}

function PersonRow({ person, transports }: { readonly person: Person; readonly transports: Transports }) {
  const { clientId, name, color, reach } = person;
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
