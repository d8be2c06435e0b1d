import { formatCount } from "../../output/print.ts";
import type { Examination } from "../examination.ts";
import type { Finding } from "../finding.ts";

const check = "File limit";
/** Files, workers, requests that are no WebSockets, and connections that are being refused. */
const spareDescriptors = 1_000;

/** Whether the system lets the server have as many connections as its limits allow. */
export async function checkDescriptors({ process: { descriptors }, values }: Examination): Promise<readonly Finding[]> {
  if (descriptors === undefined) return [];
  const connections = values["limits.connections"];
  const needed = connections + spareDescriptors;
  if (descriptors >= needed) {
    return [{ check, status: "ok", message: `${formatCount(descriptors)} open files are enough.` }];
  }
  const message =
    `The system permits ${formatCount(descriptors)} open files, and limits.connections are ` +
    `${formatCount(connections)}: further clients cannot connect before that bound.`;
  const remedy = `Set LimitNOFILE=${needed} in the systemd unit (ulimit -n elsewhere), or lower --limits-connections.`;
  return [{ check, status: "warn", message, remedy }];
}
