import { readFileSync } from "node:fs";

/** A process: its number, or this one. */
export type ProcessId = number | "self";

/** Facts about a process of the same user, as Linux shows them. Each is undefined where the system does not tell. */
export interface ProcessFacts {
  /** Whether the process may compile code at run time: it has memory that is writable and executable. */
  readonly compiles: boolean | undefined;
  /** The number of file descriptors that it may have open at once; `Infinity` for no limit. */
  readonly descriptors: number | undefined;
  /** The environment with which it was started. */
  readonly environment: ReadonlyMap<string, string> | undefined;
}

/** A mapping of no file, as `/proc/<pid>/maps` writes it. */
const compiledCode = /^\S+ [r-]wxp \S+ 00:00 0\s*$/m;
const descriptorLine = /^Max open files\s+(\d+|unlimited)/m;

export function readProcessFacts(pid: ProcessId): ProcessFacts {
  const maps = read(pid, "maps");
  const [, limit] = descriptorLine.exec(read(pid, "limits") ?? "") ?? [];
  const environment = read(pid, "environ")
    ?.split("\0")
    .filter((entry) => entry.includes("="))
    .map((entry) => [entry.replace(/=.*/s, ""), entry.replace(/^[^=]*=/, "")] as const);
  return {
    compiles: maps === undefined ? undefined : compiledCode.test(maps),
    descriptors: limit === undefined ? undefined : limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit),
    environment: environment && new Map(environment),
  };
}

function read(pid: ProcessId, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return undefined;
  }
}
