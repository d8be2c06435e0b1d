import type { Measurements } from "./measurements.ts";
import type { Row, RowState } from "./rows.ts";
import type { Verdict } from "./verdict.ts";

export interface ReportOptions {
  readonly measurements: Measurements;
  readonly rows: readonly Row[];
  readonly verdict: Verdict;
  /** ISO 8601. */
  readonly time: string;
}

const marks: Readonly<Record<RowState, string>> = {
  ok: "ok",
  warning: "warning",
  failed: "FAILED",
  skipped: "skipped",
  waiting: "waiting",
  running: "running",
};

const width = 78;

/** The result as plain text for a bug report. It contains the addresses of this browser, but no token and no credential. */
export function reportOf({ measurements: { page, server }, rows, verdict, time }: ReportOptions): string {
  const version = server?.kind === "answered" ? `${server.version}, access mode ${server.mode}` : "does not answer";
  const head = [
    "Yurt connection test",
    "",
    `Verdict  ${verdict.title}`,
    ...wrapped(verdict.text, "         "),
    "",
    `Page     ${page?.address ?? ""}`,
    `Yurt     ${version}`,
    `Browser  ${page?.browser ?? ""}`,
    `Time     ${time}`,
  ];
  return `${[...head, ...rows.flatMap(linesOf)].join("\n")}\n`;
}

function linesOf({ state, title, subject, finding }: Row): readonly string[] {
  const figures = finding?.figures === undefined ? "" : `  (${finding.figures})`;
  const name = subject === undefined ? title : `${title}  ${subject}`;
  const body = [finding?.text, finding?.remedy].filter((text) => text !== undefined);
  return ["", `[${marks[state]}] ${name}${figures}`, ...body.flatMap((text) => wrapped(text, "    "))];
}

function wrapped(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && indent.length + longer.length > width) {
      lines.push(indent + line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, indent + line];
}
