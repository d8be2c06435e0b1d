import type { SettingValues } from "../../composition/settings/settings.ts";
import { isLoopback } from "../../lib/address/loopback.ts";
import { type DescriptorLimit, descriptorLimit } from "../../lib/system/descriptor-limit.ts";

/** The descriptors that the server needs beside its connections: files of the database, workers, requests. */
const otherDescriptors = 200;

type Values = Pick<
  SettingValues,
  "host" | "public-url" | "limits.connections" | "turn.enabled" | "limits.turn-allocations" | "limits.turn-connections"
>;

/**
 * The fields of a warning, if the process may not open as many connections as `limits.connections` allows. A server for
 * only this machine never has so many connections.
 */
export function descriptorWarning(values: Values, limit: DescriptorLimit | undefined = descriptorLimit()) {
  const { host, "public-url": publicUrl, "limits.connections": connections } = values;
  const isForOthers = !isLoopback(host) || publicUrl !== undefined;
  const forTurn = turnDescriptors(values);
  if (limit === undefined || !isForOthers || limit.soft >= connections + forTurn + otherDescriptors) return undefined;
  const share = Math.min(forTurn, Math.floor(limit.soft / 3));
  const possible = Math.max(0, limit.soft - otherDescriptors - share);
  const half = Math.floor(share / 2);
  const ofTurn = share < forTurn ? ` --limits-turn-allocations ${half} --limits-turn-connections ${half}` : "";
  const remedy =
    "Raise the hard limit of open files (LimitNOFILE= of systemd, ulimit -Hn, --ulimit nofile= of Docker), " +
    `or set --limits-connections ${possible}${ofTurn}.`;
  return { event: "descriptor-limit-low", limit: limit.soft, connections, possible, remedy } as const;
}

/** Every allocation has a socket, and so has every client that reaches TURN by TCP. */
function turnDescriptors(values: Values): number {
  return values["turn.enabled"] ? values["limits.turn-allocations"] + values["limits.turn-connections"] : 0;
}
