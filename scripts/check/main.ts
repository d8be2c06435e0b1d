/**
 * Checks the repository: format and lint, types, the executable, all tests. The last line is `N passed, N failed`; each
 * step without tests counts as one.
 *
 * Arguments select test files by a part of their path. `--fast` runs the static steps and the unit tests alone. With
 * `--install`, or when `CI` is set, missing browsers and proxies are installed.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  findProgram,
  installCommand,
  programs,
  unattendedInstallCommand,
} from "../../test/support/processes/programs.ts";
import { type Counts, formatCounts, withoutPassed } from "./bun-test-report.ts";
import { runCommand, seconds } from "./child-process.ts";
import { planCheck, type Step } from "./steps.ts";

const root = join(import.meta.dir, "../..");

/** The limit of the whole check. When it is reached, every step that is left fails. */
const totalLimitMs = 14 * 60_000;
const installLimitMs = 180_000;

/**
 * Installs the programs that tests run if it may, else prints the command. Without Chromium its tests fail; the tests of
 * the others are skipped.
 */
async function preparePrograms(mayInstall: boolean): Promise<void> {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  const command = mayInstall && missing.length > 0 ? unattendedInstallCommand(missing) : undefined;
  const ended =
    command === undefined ? undefined : await runCommand(["sh", "-c", command], { cwd: root, limitMs: installLimitMs });
  const absent = missing.filter((program) => findProgram(program) === undefined);
  if (missing.length > absent.length) console.log(`ok    installed ${missing.length - absent.length} programs`);
  if (absent.length === 0) return;
  console.log(`note  not found: ${absent.join(", ")}. To install: ${installCommand(absent)}`);
  if (ended !== undefined) console.log(ended.output.trim());
}

async function runStep(step: Step, deadline: number): Promise<Counts> {
  const startedAt = performance.now();
  const limitMs = Math.max(0, Math.min(step.limitMs, deadline - startedAt));
  const ended = await runCommand(step.command, { cwd: root, limitMs });
  const counts = step.count(ended);
  const verdict = counts.failed === 0 ? "ok  " : "FAIL";
  const detail = step.runsTests ? formatCounts(counts) : "";
  console.log(`${verdict}  ${step.name.padEnd(18)} ${seconds(startedAt).padStart(7)}  ${detail}`.trimEnd());
  const output = step.runsTests ? withoutPassed(ended.output) : ended.output;
  if (counts.failed > 0) console.log(`\n${output.trim()}\n`);
  return counts;
}

const noTests: Counts = { passed: 0, failed: 0, skipped: 0 };

function add(left: Counts, right: Counts): Counts {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

async function check(filters: readonly string[], isFast: boolean, mayInstall: boolean): Promise<Counts> {
  const deadline = performance.now() + totalLimitMs;
  mkdirSync(join(root, "dist", "test-timings"), { recursive: true });
  const { stages, needsPrograms, testFiles } = await planCheck(root, filters, isFast);
  if (needsPrograms) await preparePrograms(mayInstall);
  let total = noTests;
  for (const steps of stages) {
    const counts = await Promise.all(steps.map((step) => runStep(step, deadline)));
    total = counts.reduce(add, total);
  }
  if (testFiles > 0) return total;
  console.log("FAIL  no test file matches");
  return add(total, { passed: 0, failed: 1, skipped: 0 });
}

const startedAt = performance.now();
const flags = new Set(["--install", "--fast"]);
const args = process.argv.slice(2);
const total = await check(
  args.filter((arg) => !flags.has(arg)),
  args.includes("--fast"),
  args.includes("--install") || Boolean(process.env["CI"]),
);
console.log(`\n${seconds(startedAt)} in all\n${formatCounts(total)}`);
process.exit(total.failed === 0 ? 0 : 1);
