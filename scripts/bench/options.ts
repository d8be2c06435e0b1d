import { parseArgs } from "node:util";
import type { Scenario, Size } from "./scenarios/scenario.ts";
import type { ServerKind } from "./servers/server.ts";
import { against, baseline } from "./servers/yurt.ts";

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly servers: readonly ServerKind[];
  /** The number of runs. The report shows their medians. */
  readonly runs: number;
  readonly size: Size;
  /** The file that receives the results as JSON, in addition to the table. */
  readonly jsonFile: string | undefined;
}

interface Choices {
  readonly scenarios: readonly Scenario[];
  readonly servers: readonly ServerKind[];
}

/** Parses the arguments. Throws an error with a message for the user. */
export function parseOptions(args: readonly string[], all: Choices): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: "string", multiple: true, default: [] },
      server: { type: "string", multiple: true, default: [] },
      runs: { type: "string", default: "1" },
      json: { type: "string" },
      baseline: { type: "string" },
      against: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 99) throw new Error("--runs takes a number from 1 to 99");
  const chosen = choose("server", values.server, all.servers);
  return {
    scenarios: choose("scenario", values.scenario, all.scenarios),
    servers: [
      ...(values.against === undefined ? chosen : withPartners(chosen, against(values.against))),
      ...(values.baseline === undefined ? [] : [baseline(values.baseline)]),
    ],
    runs,
    size: values.quick ? "quick" : "full",
    jsonFile: values.json,
  };
}

/** Inserts each partner behind the server with which it is paired, if that one is chosen. */
function withPartners(chosen: readonly ServerKind[], partners: readonly ServerKind[]): readonly ServerKind[] {
  return chosen.flatMap((kind) => [kind, ...partners.filter(({ pairedWith }) => pairedWith === kind.name)]);
}

/** Selects by name; without a name, everything. Names may be separated by commas. */
function choose<T extends { readonly name: string }>(
  what: string,
  names: readonly string[],
  all: readonly T[],
): readonly T[] {
  const wanted = names.flatMap((name) => name.split(","));
  const known = all.map(({ name }) => name);
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`no ${what} "${unknown}"; there are ${known.join(", ")}`);
  return wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));
}
