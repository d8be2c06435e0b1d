import { linkTo } from "../../frame/address.ts";
import type { Finding } from "./check.ts";
import type { Verdict } from "./verdict.ts";

export interface VerdictPanelProps {
  readonly verdict: Verdict;
  /** A sentence about the server itself, such as its release. */
  readonly about: string;
}

/** The verdict in words, each finding with its remedy, and the state of everything that was looked at. */
export function VerdictPanel({ about, verdict }: VerdictPanelProps) {
  const { checks, findings, title, tone } = verdict;
  return (
    <section class="panel verdict" data-tone={tone} aria-labelledby="verdict-title">
      <header class="verdict-head">
        <span class="verdict-mark" aria-hidden="true">
          {tone === "good" ? "✓" : "!"}
        </span>
        <div>
          <div role="status">
            <h2 id="verdict-title">{title}</h2>
          </div>
          <p class="hint">{about}</p>
        </div>
      </header>
      {findings.length > 0 && (
        <ul class="findings">
          {findings.map((finding) => (
            <FindingItem key={finding.id} finding={finding} />
          ))}
        </ul>
      )}
      <dl class="checks">
        {checks.map(({ label, tone: each, value }) => (
          <div key={label} class="check" data-tone={each}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function FindingItem({ finding: { link, remedy, title, tone } }: { readonly finding: Finding }) {
  return (
    <li class="finding" data-tone={tone}>
      <p class="finding-title">{title}</p>
      <p>{remedy}</p>
      {link !== undefined && (
        <p class="finding-link">
          <a href={linkTo(link.view, link.path, link.query)}>{link.label}</a>
        </p>
      )}
    </li>
  );
}
