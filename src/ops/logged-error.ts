/** Causes beyond are left out: a chain of them may be circular. */
const mostCauses = 8;
/** Written in another form, or twice otherwise. */
const ownForms: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "errors"]);

/**
 * An error as the log has it, with its causes and with the fields that it has besides. Anything else stays as it is.
 *
 * `type` is the error's `name`, a literal of each class: in the executable classes have other names. A cause adds to
 * `message` what is not in it yet, and to `stack` the lines that are not in it.
 */
export function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const chain = [error, ...causesOf(error)];
  const fields = Object.entries(error).filter(([key]) => !ownForms.has(key));
  return {
    type: error.name,
    message: messageOf(chain),
    stack: stackOf(chain),
    ...(error instanceof AggregateError && { aggregateErrors: error.errors.map(loggedError) }),
    ...Object.fromEntries(fields.map(([key, value]) => [key, value instanceof Error ? value.message : value])),
  };
}

function causesOf(error: Error): readonly Error[] {
  const causes: Error[] = [];
  for (let { cause } = error; cause instanceof Error && causes.length < mostCauses; { cause } = cause)
    causes.push(cause);
  return causes;
}

function messageOf(chain: readonly Error[]): string {
  return chain.map(({ message }) => message).reduce((text, more) => (text.includes(more) ? text : `${text}: ${more}`));
}

function stackOf(chain: readonly Error[]): string {
  const seen = new Set<string>();
  const stacks = chain.map(({ stack = "" }) => {
    const lines = stack.split("\n").filter((line, index) => index === 0 || !seen.has(line));
    for (const line of lines) seen.add(line);
    return lines.join("\n");
  });
  return stacks.join("\ncaused by: ");
}
