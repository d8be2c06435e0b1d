import type { Examination } from "../examination.ts";
import type { Finding } from "../finding.ts";

/** Variables by which the runtime that is built in runs other code, or behaves otherwise. */
const foreignVariables = ["BUN_OPTIONS", "BUN_BE_BUN", "BUN_JSC_useJIT", "NODE_OPTIONS"] as const;

/** Whether the runtime works at full speed, and runs no code but Yurt's. */
export async function checkRuntime({ isRunning, process: { compiles, environment } }: Examination) {
  const subject = isRunning ? "The server" : "This process";
  const findings: Finding[] = [];
  if (compiles === false) {
    findings.push({
      check: "Runtime",
      status: "fail",
      message: `${subject} may not compile code at run time, and is about 60 times slower.`,
      remedy: "Remove MemoryDenyWriteExecute from its systemd unit, or the same rule of your container or kernel.",
    });
  } else if (compiles === true) {
    findings.push({ check: "Runtime", status: "ok", message: `${subject} compiles code at run time.` });
  }
  const found = foreignVariables.filter((name) => environment?.has(name) === true);
  if (found.length > 0) {
    findings.push({
      check: "Runtime",
      status: "warn",
      message: `${subject} has the variable ${found.join(", ")}, which can make it run other code.`,
      remedy: `Unset it, in a systemd unit with UnsetEnvironment=${found.join(" ")}.`,
    });
  }
  return findings;
}
