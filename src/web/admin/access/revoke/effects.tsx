import { useEffect, useRef } from "preact/hooks";
import type { RevocationOrder } from "../../../../client/server/access.ts";
import { formatCount, formatTime } from "../../parts/formats.ts";

export interface EffectsProps {
  readonly effects: readonly string[];
  readonly isAskedAgain: boolean;
  readonly isOwn: boolean;
}

/** The effects of a revocation before it is made. */
export function Effects({ effects, isAskedAgain, isOwn }: EffectsProps) {
  if (effects.length === 0) return <p>Enter a user, a room or a token to see what revoking would do.</p>;
  return (
    <>
      {effects.map((effect) => (
        <p key={effect} class="effect">
          {effect}
        </p>
      ))}
      {isAskedAgain && <p>Your application is asked again when such a client returns, and may let it in.</p>}
      {isOwn && (
        <p class="alert">
          <strong>This is your own session: you will be signed out.</strong>
        </p>
      )}
    </>
  );
}

/** A revocation that was made. */
export interface Outcome {
  readonly target: RevocationOrder;
  /** The number of memberships that have ended. */
  readonly ended: number;
  /** Epoch milliseconds until which the server remembers the revocation. */
  readonly until: number;
}

export interface OutcomeProps {
  readonly outcome: Outcome;
  readonly again: () => void;
}

/** The effect of a revocation that was made. */
export function OutcomeReport({ again, outcome: { ended, target, until } }: OutcomeProps) {
  const title = useRef<HTMLHeadingElement>(null);
  // The button that had the focus is disabled now.
  useEffect(() => title.current?.focus(), []);
  return (
    <>
      <h2 id="effect-title" ref={title} tabIndex={-1}>
        Revoked
      </h2>
      <p class="outcome-count">
        {formatCount(ended)} {ended === 1 ? "membership has" : "memberships have"} ended
      </p>
      <p>A membership is one document or room of one connection.</p>
      <p>
        Matching tokens are rejected until {formatTime(until)}.
        {target.tokenId === undefined && " Tokens that are issued later are accepted."}
      </p>
      <p>
        <button type="button" onClick={again}>
          Revoke more
        </button>
      </p>
    </>
  );
}
