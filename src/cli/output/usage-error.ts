/**
 * A mistake in the command line, as commander reports it, in the form of all messages: `yurt: <Sentence>. <Remedy>.`
 *
 * `helpCommand` shows how the command is used.
 */
export function describeUsageError(report: string, helpCommand: string): string {
  const [first = "", suggestion] = withoutValue(report.trim())
    .replace(/^error: /, "")
    .split("\n");
  // The reason of an InvalidArgumentError has its own remedy.
  const [, flag, reason] = /^option '(--limits) .*' is invalid\. (.*)$/s.exec(first) ?? [];
  if (flag !== undefined) return `yurt: Invalid ${flag}. ${reason}\n`;
  const [, nearest] = /^\(Did you mean (.*)\?\)$/.exec(suggestion ?? "") ?? [];
  return `yurt: ${sentence(first)} ${nearest === undefined ? remedyOf(first, helpCommand) : `Did you mean ${nearest}?`}\n`;
}

/** The help shows few of the bounds. */
function remedyOf(report: string, helpCommand: string): string {
  const isUnknownLimit = report.startsWith("unknown option '--limits-");
  return isUnknownLimit ? "Run yurt limits to list them." : `Run ${helpCommand} to see how it is used.`;
}

/** Only the name of an unknown flag is shown: its value may be a secret behind a typing mistake. */
function withoutValue(report: string): string {
  return report.replace(/^(error: unknown option '[^'=]*)=.*'/s, "$1=…'");
}

function sentence(text: string): string {
  const [, flag] = /^option '(.+?)' argument missing$/s.exec(text) ?? [];
  if (flag !== undefined) return `Option '${flag}' needs a value.`;
  const capitalized = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?]$/.test(capitalized) ? capitalized : `${capitalized}.`;
}
