import type { SettingValues } from "../../composition/settings/settings.ts";
import { isLoopback } from "../../lib/address/loopback.ts";
import { type DescriptorLimit, descriptorLimit } from "../../lib/system/descriptor-limit.ts";

/** The descriptors that the server needs beside its connections: files of the database, workers, requests. */
const otherDescriptors = 200;

type Values = Pick<SettingValues, "host" | "public-url" | "limits.connections">;

/**
 * The fields of a warning, if the process may not open as many connections as `limits.connections` allows. A server for
 * only this machine never has so many connections.
 */
export function descriptorWarning(
  { host, "public-url": publicUrl, "limits.connections": connections }: Values,
  limit: DescriptorLimit | undefined = descriptorLimit(),
) {
  const isForOthers = !isLoopback(host) || publicUrl !== undefined;
  if (limit === undefined || !isForOthers || limit.soft >= connections + otherDescriptors) return undefined;
  const possible = Math.max(0, limit.soft - otherDescriptors);
  const remedy =
    "Raise the hard limit of open files (LimitNOFILE= of systemd, ulimit -Hn, --ulimit nofile= of Docker), " +
    `or set --limits-connections ${possible}.`;
  return { event: "descriptor-limit-low", limit: limit.soft, connections, possible, remedy } as const;
}
