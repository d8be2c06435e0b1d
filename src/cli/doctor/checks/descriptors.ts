import { formatCount } from "../../output/print.ts";
import { descriptorWarning } from "../../server/descriptor-warning.ts";
import type { Examination } from "../examination.ts";
import type { Finding } from "../finding.ts";

const check = "File limit";

/** Whether the system lets the server have as many connections as its limits allow. */
export async function checkDescriptors({ process: { descriptors }, values }: Examination): Promise<readonly Finding[]> {
  if (descriptors === undefined) return [];
  const warning = descriptorWarning(values, { soft: descriptors, hard: descriptors });
  if (warning === undefined) {
    return [{ check, status: "ok", message: `${formatCount(descriptors)} open files are enough.` }];
  }
  const message =
    `The system permits ${formatCount(descriptors)} open files: ${formatCount(warning.possible)} clients can connect, ` +
    `not the ${formatCount(warning.connections)} of limits.connections.`;
  return [{ check, status: "warn", message, remedy: warning.remedy }];
}
