import type { ComponentType } from "preact";
import { lastValue } from "../data/loaded.ts";
import { useRead } from "../data/use-read.ts";
import { useSession } from "../entry/session.ts";
import { linkTo, type ViewProps } from "../frame/address.ts";
import { SubNavigation, type SubPlace } from "../parts/sub-navigation.tsx";
import { readAccessFacts, unknownFacts } from "./access-facts.ts";
import type { AccessPlaceProps } from "./access-place.ts";
import { KeysPlace } from "./keys/keys-place.tsx";
import { ReasonPlace } from "./reasons/reason-place.tsx";
import { RefusalsPlace } from "./refusals/refusals-place.tsx";
import { RevokePlace } from "./revoke/revoke-place.tsx";
import { TokensPlace } from "./tokens/tokens-place.tsx";

interface AccessPlace extends SubPlace {
  readonly component: ComponentType<AccessPlaceProps>;
}

const places: readonly [AccessPlace, ...AccessPlace[]] = [
  accessPlace("tokens", "Tokens", TokensPlace),
  accessPlace("keys", "API keys", KeysPlace),
  accessPlace("revoke", "Revoke", RevokePlace),
  accessPlace("why", "Why was this refused?", ReasonPlace),
  accessPlace("refusals", "Refusals", RefusalsPlace),
];

function accessPlace(id: string, label: string, component: AccessPlace["component"]): AccessPlace {
  return { id, label, component, href: linkTo("access", [id]) };
}

/** The view of access control: tokens, API keys, revocations, and the reasons for refusals. */
export function AccessView({ place }: ViewProps) {
  const { server } = useSession().client;
  const { state } = useRead({ key: "access-facts", read: (signal) => readAccessFacts(server, signal) });
  const current = places.find(({ id }) => id === place.path[0]) ?? places[0];
  const { component: Content } = current;
  return (
    <>
      <div class="view-head">
        <h1>Access</h1>
      </div>
      <SubNavigation label="Access" places={places} current={current.id} />
      <Content place={place} facts={lastValue(state) ?? unknownFacts} />
    </>
  );
}
