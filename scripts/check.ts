/**
 * Format and lint, types, the executable, all tests. The last line is `N passed, N failed`, of the tests themselves and
 * of the steps before them. Arguments select test files by a part of their path. With `--install`, or when `CI` is set,
 * browsers that are missing are installed.
 */
import { join } from "node:path";
import {
  findBrowser,
  installCommand,
  missingBrowsers,
  unattendedInstallCommand,
} from "../test/support/browser/browsers.ts";
import { type Counts, countTests, formatCounts } from "./bun-test-report.ts";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly limitMs: number;
  readonly count: (ended: Ended) => Counts;
}

interface Ended {
  /** Null if a signal ended the process. */
  readonly exitCode: number | null;
  readonly stderr: string;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

/** How the tests of one process are run. */
interface TestGroup {
  readonly name: string;
  /** A glob; of the groups with one that match a file the first takes it. */
  readonly files: string;
  readonly testLimitMs: number;
  readonly limitMs: number;
}

const second = 1000;
const root = join(import.meta.dir, "..");
const bun = process.execPath;

/**
 * Of all steps together. Their own limits, each generous to a slow machine, sum up to more: as soon as this one is
 * reached all that is left fails.
 */
const totalLimitMs = 14 * 60 * second;

const browser: TestGroup = {
  name: "browser",
  files: "test/{browser/**,readme.test.ts}",
  testLimitMs: 60 * second,
  limitMs: 420 * second,
};
/** The tests that run real servers or browsers: each group has a process to itself, so that one hang leaves the others. */
const ownProcess: readonly TestGroup[] = [
  { name: "conformance", files: "test/conformance/**", testLimitMs: 60 * second, limitMs: 300 * second },
  { name: "torture", files: "test/torture/**", testLimitMs: 120 * second, limitMs: 240 * second },
  browser,
];
const unit: TestGroup = { name: "unit", files: "**", testLimitMs: 20 * second, limitMs: 180 * second };
const groups: readonly TestGroup[] = [...ownProcess, unit];

const staticSteps: readonly Step[] = [
  {
    name: "format and lint",
    command: [bun, "node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--colors=off", "."],
    limitMs: 30 * second,
    count: countAsTest,
  },
  {
    name: "types",
    command: [bun, "node_modules/typescript/bin/tsc", "--noEmit"],
    limitMs: 60 * second,
    count: countAsTest,
  },
  {
    name: "types of the pages",
    command: [bun, "node_modules/typescript/bin/tsc", "--noEmit", "--project", "src/web"],
    limitMs: 60 * second,
    count: countAsTest,
  },
  { name: "build", command: [bun, "scripts/build.ts"], limitMs: 60 * second, count: countAsTest },
];

function countAsTest({ exitCode }: Ended): Counts {
  return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** The groups that have files; together they hold every file that `bun test` would find. */
async function testFiles(filters: readonly string[]): Promise<ReadonlyMap<TestGroup, readonly string[]>> {
  const glob = new Bun.Glob("{src,scripts,test}/**/*{.,_}{test,spec}.{js,jsx,ts,tsx,mjs,cjs,mts,cts}");
  const found = (await Array.fromAsync(glob.scan({ cwd: root }))).sort();
  const chosen = filters.length === 0 ? found : found.filter((file) => filters.some((filter) => file.includes(filter)));
  return Map.groupBy(chosen, (file) => groups.find(({ files }) => new Bun.Glob(files).match(file)) ?? unit);
}

function testStep(group: TestGroup, files: readonly string[]): Step {
  const flags = ["--no-env-file", "--no-orphans", `--timeout=${group.testLimitMs}`];
  return {
    name: `${group.name} tests`,
    command: [bun, "test", ...flags, ...files.map((file) => `./${file}`)],
    limitMs: group.limitMs,
    count: ({ exitCode, stderr }) => countTests({ report: stderr, exitCode, files: files.length }),
  };
}

/** Runs a command in a process group of its own; nothing of it is left when the promise resolves. */
async function run(command: readonly string[], limitMs: number): Promise<Ended> {
  const startedAt = performance.now();
  const child = Bun.spawn([...command], { cwd: root, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const end = () => killGroup(child.pid);
  const interrupt = () => {
    end();
    process.exit(130);
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  let output = "";
  let stderr = "";
  const timer = setTimeout(end, limitMs);
  const stdoutEnded = read(child.stdout, (text) => {
    output += text;
  });
  const stderrEnded = read(child.stderr, (text) => {
    output += text;
    stderr += text;
  });
  await child.exited;
  clearTimeout(timer);
  end();
  await Promise.all([stdoutEnded, stderrEnded]);
  if (child.signalCode !== null) output += `\n(ended by ${child.signalCode} after ${seconds(startedAt)})\n`;
  process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  return { exitCode: child.exitCode, stderr, output };
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / second).toFixed(1)} s`;
}

function killGroup(id: number): void {
  try {
    process.kill(-id, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}

async function read(stream: ReadableStream<Uint8Array>, received: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) received(decoder.decode(chunk, { stream: true }));
}

/** Installs what is missing if it may, and else says how to. Without Chromium the tests fail, Firefox's is skipped. */
async function prepareBrowsers(mayInstall: boolean): Promise<void> {
  for (const missing of missingBrowsers()) {
    const command = mayInstall ? unattendedInstallCommand([missing]) : undefined;
    const ended = command === undefined ? undefined : await run(["sh", "-c", command], 180 * second);
    if (findBrowser(missing) !== undefined) console.log(`ok    ${missing} installed`);
    else
      console.log(
        `note  no ${missing} found; to install it: ${installCommand([missing])}\n${ended?.output ?? ""}`.trim(),
      );
  }
}

async function check(filters: readonly string[], mayInstall: boolean): Promise<Counts> {
  const deadline = performance.now() + totalLimitMs;
  const files = await testFiles(filters);
  if (files.has(browser)) await prepareBrowsers(mayInstall);
  const tests = [unit, ...ownProcess].flatMap((group) => {
    const ofGroup = files.get(group);
    return ofGroup === undefined ? [] : [testStep(group, ofGroup)];
  });
  let total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const step of [...staticSteps, ...tests]) {
    const startedAt = performance.now();
    const ended = await run(step.command, Math.max(0, Math.min(step.limitMs, deadline - startedAt)));
    const counts = step.count(ended);
    total = add(total, counts);
    const verdict = counts.failed === 0 ? "ok  " : "FAIL";
    const detail = step.count === countAsTest ? "" : formatCounts(counts);
    console.log(`${verdict}  ${step.name.padEnd(18)} ${seconds(startedAt).padStart(7)}  ${detail}`.trimEnd());
    if (counts.failed > 0) console.log(`\n${ended.output.trim()}\n`);
  }
  if (tests.length > 0) return total;
  console.log("FAIL  no test files");
  return add(total, { passed: 0, failed: 1, skipped: 0 });
}

function add(left: Counts, right: Counts): Counts {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

const install = "--install";
const args = process.argv.slice(2);
const total = await check(
  args.filter((arg) => arg !== install),
  args.includes(install) || Boolean(process.env["CI"]),
);
console.log(`\n${formatCounts(total)}`);
process.exit(total.failed === 0 ? 0 : 1);
