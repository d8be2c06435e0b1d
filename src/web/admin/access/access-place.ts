import type { ViewProps } from "../frame/address.ts";
import type { AccessFacts } from "./access-facts.ts";

/** The properties of a place of this view. */
export interface AccessPlaceProps extends ViewProps {
  readonly facts: AccessFacts;
}
