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
  const remedy = nearest === undefined ? `Run ${helpCommand} to see how it is used.` : `Did you mean ${nearest}?`;
  return `yurt: ${sentence(first)} ${remedy}\n`;
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
