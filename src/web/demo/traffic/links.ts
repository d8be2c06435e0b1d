import type { Peer } from "../people/peers.ts";
import { type LinkState, linkState } from "./link-state.ts";
import type { Transports } from "./transport-choice.ts";

/** The links of the diagram. */
export interface Links {
  /** Between this window and the others. */
  readonly direct: LinkState;
  /** Between this window and the server. */
  readonly server: LinkState;
  /** Between the server and the others, as they say it themselves; `off` while this window cannot know. */
  readonly others: LinkState;
  /** The kinds of the connections without the relay. */
  readonly directWays: readonly ("direct" | "turn" | "same-browser")[];
}

export interface LinksFacts {
  readonly transports: Transports;
  readonly isDenied: boolean;
  readonly isOnServer: boolean;
  readonly people: readonly Peer[];
}

export function links({ transports, isDenied, isOnServer, people }: LinksFacts): Links {
  const others = people.filter(({ reach }) => reach !== "you" && reach !== "lost");
  const ways = (["direct", "turn", "same-browser"] as const).filter((way) => others.some(({ reach }) => reach === way));
  const areOthersOnServer = others.some((person) => person.isOnServer);
  return {
    direct: linkState({ isOn: transports.webrtc, isDenied, isConnected: ways.length > 0 }),
    server: linkState({ isOn: transports.websocket, isDenied, isConnected: isOnServer }),
    others: linkState({ isOn: areOthersOnServer || isOnServer, isDenied: false, isConnected: areOthersOnServer }),
    directWays: ways,
  };
}
