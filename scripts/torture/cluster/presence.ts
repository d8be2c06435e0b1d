import type { Circle } from "./crowd.ts";
import type { Member } from "./member.ts";

/** A presence that a member does not show as it is. */
export interface WrongPresence {
  /** The member, and the client whose presence it is. */
  readonly key: string;
  /** A sentence with the clocks and the nodes of both. */
  readonly what: string;
}

/** The presences that a member does not show as they are: of members that it lacks or shows late, and of others. */
export function wrongPresences({ members }: Circle): readonly WrongPresence[] {
  const owners = new Map(members.map((owner) => [owner.awareness.clientID, owner]));
  return members.flatMap((member) => {
    const shown = member.awareness.getStates();
    const wrong = (clientId: number, owner: Member | undefined): WrongPresence => ({
      key: `${member.name} ${clientId}`,
      what:
        `${placeOf(member)} shows ${clientText(member, clientId)}, ` +
        (owner === undefined ? "which has left" : `but ${placeOf(owner)} shows ${clientText(owner, clientId)}`),
    });
    const ghosts = [...shown.keys()].filter((clientId) => !owners.has(clientId));
    const absent = [...owners].filter(
      ([clientId, { awareness }]) => JSON.stringify(shown.get(clientId)) !== JSON.stringify(awareness.getLocalState()),
    );
    return [...ghosts.map((clientId) => wrong(clientId, undefined)), ...absent.map((pair) => wrong(...pair))];
  });
}

/** Remembers how long presences have been wrong, to say which of them were the last and why. */
export class PresenceWatch {
  readonly #since = performance.now();
  readonly #last = new Map<string, { readonly what: string; at: number }>();

  /** Looks at all presences. Returns those that are wrong now. */
  look(circles: readonly Circle[]): readonly string[] {
    const wrong = circles.flatMap(wrongPresences);
    const at = Math.round(performance.now() - this.#since);
    for (const { key, what } of wrong) this.#last.set(key, { what, at });
    return wrong.map(({ what }) => what);
  }

  /** The presences that have been wrong for longer than `ms`, the longest first. */
  wrongAfter(ms: number): readonly string[] {
    const late = [...this.#last.values()].filter(({ at }) => at > ms).toSorted((a, b) => b.at - a.at);
    return late.map(({ at, what }) => `for ${at} ms, ${what}`);
  }
}

function placeOf({ connectedAt, kind, name, node }: Member): string {
  const seconds = ((performance.now() - connectedAt) / 1_000).toFixed(1);
  return `${name} (${kind}, for ${seconds} s on ${node.name})`;
}

function clientText({ awareness }: Member, clientId: number): string {
  const state = JSON.stringify(awareness.getStates().get(clientId)) ?? "nothing";
  const meta = awareness.meta.get(clientId);
  if (meta === undefined) return `client ${clientId}, which it does not know`;
  const seconds = ((Date.now() - meta.lastUpdated) / 1_000).toFixed(1);
  return `${state} of client ${clientId} at clock ${meta.clock}, for ${seconds} s`;
}
