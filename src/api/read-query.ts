import * as v from "valibot";
import type { Parameters, ParameterValues } from "./parameters.ts";
import { Problem, type RequestFault } from "./problems.ts";

/** The value of each parameter in a query. Throws `Problem` with all faults; parameters that are unknown are ignored. */
export function readQuery<P extends Parameters>(
  parameters: P,
  given: Readonly<Record<string, string>>,
): ParameterValues<P> {
  const errors: RequestFault[] = [];
  const entries = Object.entries(parameters).map(([name, { read }]) => {
    const result = v.safeParse(read, given[name]);
    if (!result.success) errors.push({ pointer: name, detail: result.issues[0].message });
    return [name, result.output];
  });
  if (errors.length > 0) throw new Problem("invalid-request", "A parameter of the query is invalid.", { errors });
  // Object.fromEntries forgets which value belongs to which name.
  return Object.fromEntries(entries) as ParameterValues<P>;
}
