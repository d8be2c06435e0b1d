/** The last resort for an error that no command explains: one line, and its stack only for a person who debugs. */
export function describeUnexpected(error: unknown, isDebugging: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  if (isDebugging) return `yurt: ${error instanceof Error ? (error.stack ?? message) : message}\n`;
  const [line = ""] = message.split("\n", 1);
  return `yurt: ${line.replace(/\.?$/, ".")} Run with --log-level debug for details.\n`;
}
