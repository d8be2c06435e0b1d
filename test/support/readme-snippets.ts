import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..", "..");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The scripts of a section of README.md, by the heading over each; of several under one, ` (2)` and so on. */
export function readmeSnippets(section: string): ReadonlyMap<string, string> {
  const [, text = ""] = new RegExp(`^## ${section}\\n(.*?)^## `, "ms").exec(readme) ?? [];
  const parts = text.split(/^### /m).slice(1);
  return new Map(
    parts.flatMap((part) => {
      const [heading = ""] = part.split("\n", 1);
      const codes = Array.from(part.matchAll(/^```(?:jsx?|tsx?)\n(.*?)^```$/gms), ([, code = ""]) => code);
      return codes.map((code, index) => [index === 0 ? heading : `${heading} (${index + 1})`, code] as const);
    }),
  );
}

/** How many there are in all of README.md. */
export function countSnippets(): number {
  return readme.match(/^```(?:jsx?|tsx?)$/gm)?.length ?? 0;
}

/** A module that runs under Bun, with the packages of this repository, until it is disposed of. */
export interface RunningModule extends AsyncDisposable {
  /** All that it prints, once it has ended by itself. */
  printed(): Promise<string>;
}

export function runModule(code: string, environment: Readonly<Record<string, string>> = {}): RunningModule {
  const child = Bun.spawn([process.execPath, "--no-env-file", "-"], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: [new Blob([code]), "pipe", "inherit"],
  });
  return {
    printed: () => child.stdout.text(),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
