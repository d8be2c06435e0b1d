import { loadSettings } from "../../composition/settings/settings.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { formatThings, print } from "../output/print.ts";
import { isForPeople } from "../output/records.ts";
import { wrapped } from "../output/wrapped.ts";
import { checkBackups } from "./checks/backups.ts";
import { checkCertificate } from "./checks/certificate.ts";
import { checkClock } from "./checks/clock.ts";
import { checkConfiguration } from "./checks/configuration.ts";
import { checkDataFolder } from "./checks/data-folder.ts";
import { checkDatabase } from "./checks/database.ts";
import { checkDescriptors } from "./checks/descriptors.ts";
import { checkListening } from "./checks/listening.ts";
import { checkPublicUrl } from "./checks/public-url.ts";
import { checkRuntime } from "./checks/runtime.ts";
import { checkTurn } from "./checks/turn.ts";
import { type Check, type Examination, examine } from "./examination.ts";
import type { Finding } from "./finding.ts";

const checks: readonly Check[] = [
  checkRuntime,
  checkDescriptors,
  checkDataFolder,
  checkDatabase,
  checkBackups,
  checkListening,
  checkPublicUrl,
  checkCertificate,
  checkTurn,
  checkClock,
];

/**
 * Examines the machine and the server with the configuration of the server, and prints what it finds with the remedies.
 * It changes nothing. Ends with 0 if nothing fails, with 1 if something does, and with 78 for a bad configuration.
 */
export async function doctor(input: CommandInput): Promise<number> {
  const loaded = loadSettings(input.sources);
  const findings: Finding[] = [];
  const report = async (found: readonly Finding[]) => {
    findings.push(...found);
    await print(input.stdout, found.map((finding) => `${lineOf(finding, input)}\n`).join(""));
  };
  await report(checkConfiguration(loaded));
  if (!loaded.ok) return exitCodes.badConfiguration;
  const examination = examine(loaded.configuration);
  for (const check of checks) await report(await run(check, examination));
  const failures = findings.filter(({ status }) => status === "fail").length;
  if (isForPeople(input)) await print(input.stdout, `\n${summaryOf(failures, findings)}\n`);
  return failures === 0 ? exitCodes.done : exitCodes.failed;
}

/** A check that fails itself does not keep the others from running. */
async function run(check: Check, examination: Examination): Promise<readonly Finding[]> {
  try {
    return await check(examination);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [{ check: "Examination", status: "fail", message: `A check failed: ${reason.replace(/\.$/, "")}.` }];
  }
}

const widestCheck = 15;
const indent = " ".repeat("  warn  ".length + widestCheck);

function lineOf(finding: Finding, input: CommandInput): string {
  const { check, status, message, remedy } = finding;
  if (input.switches.has("json")) return JSON.stringify(finding);
  if (!isForPeople(input)) return [status, check, message, remedy ?? ""].join("\t");
  const head = `  ${status.padEnd(4)}  ${check.padEnd(widestCheck)}`;
  const lines = [wrapped(message, indent), ...(remedy === undefined ? [] : [wrapped(remedy, indent)])];
  return head + lines.join("\n").slice(indent.length);
}

function summaryOf(failures: number, findings: readonly Finding[]): string {
  const warnings = findings.filter(({ status }) => status === "warn").length;
  if (failures + warnings === 0) return "Nothing is wrong.";
  return `${formatThings(failures, "failure")}, ${formatThings(warnings, "warning")}.`;
}
