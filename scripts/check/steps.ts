import { join } from "node:path";
import { type Counts, countTests } from "./bun-test-report.ts";
import type { Ended } from "./child-process.ts";

/** One command of the check, with its own time limit. */
export interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly limitMs: number;
  /** Whether the counts are those of tests; a static step counts as one test. */
  readonly runsTests: boolean;
  readonly count: (ended: Ended) => Counts;
}

/** Test files that run in one `bun test`. */
interface TestGroup {
  readonly name: string;
  /** A glob. A file belongs to the first group whose glob matches it. */
  readonly files: string;
  /**
   * Processes that share the files. Tests of real servers, clients and browsers wait most of the time, so these groups
   * have more processes than a small machine has cores.
   */
  readonly workers: number;
  readonly testLimitMs: number;
  readonly limitMs: number;
}

const second = 1000;
const bun = process.execPath;

const browserGroup: TestGroup = {
  name: "browser",
  files: "test/{browser/**,docs.test.ts}",
  workers: 3,
  testLimitMs: 60 * second,
  limitMs: 420 * second,
};
const conformanceGroup: TestGroup = {
  name: "conformance",
  files: "test/conformance/**",
  workers: 4,
  testLimitMs: 60 * second,
  limitMs: 300 * second,
};
const tortureGroup: TestGroup = {
  name: "torture",
  files: "test/torture/**",
  workers: 2,
  testLimitMs: 150 * second,
  limitMs: 420 * second,
};
/** They wait for the disk and for timers of the database. */
const databaseGroup: TestGroup = {
  name: "database",
  files: "test/{storage/{postgres,transfer}/**,composition/cluster/**,cli/{migrate,documents/cluster}.test.ts}",
  workers: 4,
  testLimitMs: 60 * second,
  limitMs: 180 * second,
};
/** It counts what the server refuses within a time, so nothing runs beside it. */
const fuzzGroup: TestGroup = {
  name: "fuzz",
  files: "test/torture/fuzz.test.ts",
  workers: 1,
  testLimitMs: 60 * second,
  limitMs: 90 * second,
};
const unitGroup: TestGroup = {
  name: "unit",
  files: "**",
  workers: 2,
  testLimitMs: 20 * second,
  limitMs: 240 * second,
};
const groups: readonly TestGroup[] = [
  browserGroup,
  conformanceGroup,
  databaseGroup,
  fuzzGroup,
  tortureGroup,
  unitGroup,
];

const staticSteps: readonly Step[] = [
  {
    name: "format and lint",
    command: [bun, "node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--colors=off", "."],
    limitMs: 60 * second,
    runsTests: false,
    count: countAsTest,
  },
  {
    name: "types",
    command: [bun, "node_modules/typescript/bin/tsc", "--noEmit"],
    limitMs: 90 * second,
    runsTests: false,
    count: countAsTest,
  },
  {
    name: "types of the client",
    command: [bun, "node_modules/typescript/bin/tsc", "--noEmit", "--project", "src/client"],
    limitMs: 90 * second,
    runsTests: false,
    count: countAsTest,
  },
  {
    name: "types of the pages",
    command: [bun, "node_modules/typescript/bin/tsc", "--noEmit", "--project", "src/web"],
    limitMs: 90 * second,
    runsTests: false,
    count: countAsTest,
  },
];

const buildStep: Step = {
  name: "build",
  command: [bun, "scripts/build.ts"],
  limitMs: 90 * second,
  runsTests: false,
  count: countAsTest,
};

/** The steps of one stage run side by side. The next stage starts when all of them have ended. */
export type Stage = readonly Step[];

/** The steps of a check. */
export interface Plan {
  readonly stages: readonly Stage[];
  /** Whether tests run browsers or proxies. */
  readonly needsPrograms: boolean;
  readonly testFiles: number;
}

/**
 * Plans the check of the repository in `root`. `filters` select test files by a part of their path; `isFast` leaves out
 * the tests of real servers, browsers and databases.
 *
 * The build comes first: conformance and torture run the executable, and Bun's temporary file in `root` would be taken
 * for a file of the repository. The other static steps run beside the unit tests.
 *
 * Conformance and torture tests measure the time limits of real clients and processes, so no other group runs beside
 * them. Each group uses both cores by itself, so the groups take no longer one after the other.
 */
export async function planCheck(root: string, filters: readonly string[], isFast: boolean): Promise<Plan> {
  const files = await findTestFiles(root, filters);
  const stepsOf = (group: TestGroup): readonly Step[] => {
    const found = files.get(group);
    return found === undefined ? [] : [testStep(group, found)];
  };
  const others = isFast ? [] : [databaseGroup, conformanceGroup, fuzzGroup, tortureGroup, browserGroup];
  const stages = [[buildStep], [...staticSteps, ...stepsOf(unitGroup)], ...others.map(stepsOf)];
  const run = isFast ? [unitGroup] : groups;
  return {
    stages,
    needsPrograms: !isFast && [browserGroup, conformanceGroup, databaseGroup].some((group) => files.has(group)),
    testFiles: run.reduce((sum, group) => sum + (files.get(group)?.length ?? 0), 0),
  };
}

/** The files of each group. Together the groups hold every file that `bun test` would find. */
async function findTestFiles(
  root: string,
  filters: readonly string[],
): Promise<ReadonlyMap<TestGroup, readonly string[]>> {
  const glob = new Bun.Glob("{src,scripts,test}/**/*{.,_}{test,spec}.{js,jsx,ts,tsx,mjs,cjs,mts,cts}");
  const found = (await Array.fromAsync(glob.scan({ cwd: root }))).sort();
  const chosen = filters.length === 0 ? found : found.filter((file) => filters.some((filter) => file.includes(filter)));
  return Map.groupBy(chosen, (file) => groups.find(({ files }) => new Bun.Glob(files).match(file)) ?? unitGroup);
}

function testStep({ name, workers, testLimitMs, limitMs }: TestGroup, files: readonly string[]): Step {
  const flags = ["--no-env-file", "--no-orphans", `--timeout=${testLimitMs}`];
  // The durations of the last run let every process start with its slowest file.
  const timings = join("dist", "test-timings", `${name}.json`);
  const parallel =
    workers === 1 ? [] : [`--parallel=${workers}`, "--no-isolate", `--timings=${timings}`, "--update-timings"];
  return {
    name: `${name} tests`,
    command: [bun, "test", ...flags, ...parallel, ...files.map((file) => `./${file}`)],
    limitMs,
    runsTests: true,
    count: ({ exitCode, stderr }) => countTests({ report: stderr, exitCode, files: files.length }),
  };
}

function countAsTest({ exitCode }: Ended): Counts {
  return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}
