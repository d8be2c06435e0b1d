import { useEffect, useState } from "preact/hooks";
import { Avatar } from "../../shared/people/avatar.tsx";
import { readName } from "../../shared/people/name.ts";
import { useValue } from "../../shared/value.ts";
import type { RoomClient } from "../room-client.ts";
import type { Peer } from "./peers.ts";
import { reachText } from "./reach-text.ts";

/** The rows that the list's height has room for. */
const rowsWithoutScrolling = 6;

export function People({ client }: { readonly client: RoomClient }) {
  const people = useValue(client.people);
  const hiddenCount = useValue(client.hiddenCount);
  const now = useNow(people.some(({ reach }) => reach === "lost"));
  return (
    <section class="panel people" aria-labelledby="people-title">
      <h2 id="people-title">People</h2>
      <ul aria-labelledby="people-title" tabIndex={people.length > rowsWithoutScrolling ? 0 : undefined}>
        {people.map((peer) => (
          <PeerRow key={peer.clientId} client={client} peer={peer} now={now} />
        ))}
      </ul>
      {hiddenCount > 0 && <p class="hint">and {hiddenCount} more</p>}
    </section>
  );
}

interface PeerRowProps {
  readonly client: RoomClient;
  readonly peer: Peer;
  readonly now: number;
}

function PeerRow({ client, peer, now }: PeerRowProps) {
  const { clientId, name, color, reach, route } = peer;
  return (
    <li data-client-id={clientId} data-reach={reach} data-turn={route?.turnTransport} data-color={color}>
      {reach === "you" ? (
        <OwnRow client={client} shownName={name} />
      ) : (
        <>
          <Avatar name={name} color={color} />
          <span class="person-name" title={name}>
            {name}
          </span>
        </>
      )}
      {reach === "you" ? (
        <OwnReach client={client} shownName={name} />
      ) : (
        <span class="reach">{reachText(peer, now)}</span>
      )}
    </li>
  );
}

/** Shows the name that the others see, if it differs from the chosen one. */
function OwnReach({ client, shownName }: { readonly client: RoomClient; readonly shownName: string }) {
  const { name } = useValue(client.own.profile);
  const isShownAsChosen = shownName === readName(name);
  return <span class="reach">{isShownAsChosen ? "this window" : `shown as “${shownName}”`}</span>;
}

/** The name and colour of this window, which can be changed in place. */
function OwnRow({ client, shownName }: { readonly client: RoomClient; readonly shownName: string }) {
  const { name, color } = useValue(client.own.profile);
  return (
    <>
      <span class="own-color">
        <Avatar name={shownName} color={color} />
        <input
          type="color"
          aria-label="Your colour"
          title="Change your colour"
          value={color}
          onInput={(event) => client.changeProfile({ color: event.currentTarget.value })}
        />
      </span>
      <span class="own-name">
        <input
          type="text"
          aria-label="Your name"
          title="Change your name"
          value={name}
          maxLength={40}
          autoComplete="nickname"
          onInput={(event) => client.changeProfile({ name: event.currentTarget.value })}
        />
      </span>
    </>
  );
}

/** The time in epoch milliseconds, each second anew while it is needed. */
function useNow(isNeeded: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!isNeeded) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isNeeded]);
  return now;
}
