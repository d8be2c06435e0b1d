import { useState } from "preact/hooks";
import { useValue } from "../../shared/value.ts";
import type { RoomClient } from "../room-client.ts";
import type { Person } from "./peers.ts";
import { type Profile, saveProfile } from "./profile.ts";

const reachTexts: Readonly<Record<Person["reach"], string>> = {
  you: "this window",
  direct: "direct",
  "same-browser": "same browser",
  relay: "through the server",
};

export function People({ client, profile }: { readonly client: RoomClient; readonly profile: Profile }) {
  const people = useValue(client.people);
  const { websocket } = useValue(client.transports);
  return (
    <section class="panel people" aria-labelledby="people-title">
      <h2 id="people-title">People</h2>
      <ul aria-labelledby="people-title">
        {people.map((person) => (
          <PersonRow key={person.clientId} person={person} isServerUsed={websocket} />
        ))}
      </ul>
      <ProfileForm client={client} profile={profile} />
    </section>
  );
}

function PersonRow({ person, isServerUsed }: { readonly person: Person; readonly isServerUsed: boolean }) {
  const { clientId, name, color, reach } = person;
  const reachText = reach === "relay" && !isServerUsed ? "through another window" : reachTexts[reach];
  return (
    <li data-client-id={clientId} data-reach={reach}>
      <span class="dot" style={{ backgroundColor: color }} aria-hidden="true" />
      <span class="person-name">{name}</span>
      <span class="reach">{reachText}</span>
    </li>
  );
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
