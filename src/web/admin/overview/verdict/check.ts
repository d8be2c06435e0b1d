/** A place of the dashboard that helps with a finding. */
export interface FindingLink {
  readonly label: string;
  readonly view: string;
  readonly path?: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
}

/** Something that needs attention. */
export interface Finding {
  /** Distinguishes it from the other findings. */
  readonly id: string;
  /** `away`: clients notice it, or data is at risk. `busy`: they will, if nothing is done. */
  readonly tone: "busy" | "away";
  /** A sentence without a full stop. */
  readonly title: string;
  /** The remedy, in sentences. */
  readonly remedy: string;
  readonly link?: FindingLink;
  /** The events of the log that this finding explains: they are no findings of their own. */
  readonly explains?: readonly string[];
}

/** One thing that an operator looks after, and how it is. */
export interface Check {
  readonly label: string;
  /** The state in some words. */
  readonly value: string;
  /** `off`: the server does without it. */
  readonly tone: "good" | "busy" | "away" | "off";
  readonly findings: readonly Finding[];
}

/** A check without findings. */
export function passed(label: string, value: string): Check {
  return { label, value, tone: "good", findings: [] };
}

/** A check of something that this server does without. */
export function unused(label: string, value: string): Check {
  return { label, value, tone: "off", findings: [] };
}

/** A check with findings. Its tone is that of the worst one. */
export function found(label: string, value: string, findings: readonly Finding[]): Check {
  if (findings.length === 0) return passed(label, value);
  return { label, value, tone: worstOf(findings), findings };
}

export function worstOf(findings: readonly Finding[]): Finding["tone"] {
  return findings.some(({ tone }) => tone === "away") ? "away" : "busy";
}
