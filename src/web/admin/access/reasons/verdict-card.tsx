import { linkTo } from "../../frame/address.ts";
import type { Verdict } from "./verdicts.ts";

export interface VerdictCardProps {
  readonly verdict: Verdict;
  /** The room and the user for a new token. */
  readonly room: string;
  readonly user: string | undefined;
}

/** The answer, and what helps. */
export function VerdictCard({ room, user, verdict }: VerdictCardProps) {
  const { isHelpedByToken, remedies, text, title, tone } = verdict;
  return (
    <section class="alert answer-card" data-tone={tone} aria-label="Answer">
      <h2>{title}</h2>
      {text !== undefined && <p>{text}</p>}
      {remedies.length > 0 && (
        <ul>
          {remedies.map((remedy) => (
            <li key={remedy}>{remedy}</li>
          ))}
        </ul>
      )}
      {isHelpedByToken && (
        <p>
          <a class="button" href={linkTo("access", ["tokens"], { room, user })}>
            Create a token for this room
          </a>
        </p>
      )}
    </section>
  );
}
