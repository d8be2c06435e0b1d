import { useState } from "preact/hooks";
import { useValue } from "../../shared/value.ts";
import type { Session } from "../session.ts";
import { type Identity, saveIdentity } from "./identity.ts";
import type { Person } from "./peers.ts";

const reachTexts: Readonly<Record<Person["reach"], string>> = {
  you: "this window",
  direct: "direct",
  "same-browser": "same browser",
  relay: "through the server",
};

export function People({ session, identity }: { readonly session: Session; readonly identity: Identity }) {
  const people = useValue(session.people);
  const { websocket } = useValue(session.transports);
  return (
    <section class="panel people" aria-labelledby="people-title">
      <h2 id="people-title">People</h2>
      <ul aria-labelledby="people-title">
        {people.map((person) => (
          <PersonRow key={person.clientId} person={person} isServerUsed={websocket} />
        ))}
      </ul>
      <IdentityForm session={session} identity={identity} />
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

function IdentityForm({ session, identity: initial }: { readonly session: Session; readonly identity: Identity }) {
  const [identity, setIdentity] = useState(initial);
  const change = (next: Identity) => {
    setIdentity(next);
    saveIdentity(next);
    session.identify(next);
  };
  return (
    <div class="identity">
      <label>
        Your name
        <input
          type="text"
          value={identity.name}
          maxLength={40}
          autoComplete="nickname"
          onInput={(event) => change({ ...identity, name: event.currentTarget.value })}
        />
      </label>
      <label>
        Your colour
        <input
          type="color"
          value={identity.color}
          onInput={(event) => change({ ...identity, color: event.currentTarget.value })}
        />
      </label>
    </div>
  );
}
