import { describe, expect, test } from "bun:test";
import { readProcessFacts } from "../../../src/lib/system/process-facts.ts";

const script = "console.log('up'); setInterval(() => {}, 1000);";

/** A process of the runtime, until `use` has ended. */
async function withProcess(environment: Readonly<Record<string, string>>, use: (pid: number) => void): Promise<void> {
  const child = Bun.spawn([process.execPath, "-e", script], { env: environment, stdio: ["ignore", "pipe", "ignore"] });
  try {
    await child.stdout.getReader().read();
    use(child.pid);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
}

describe.skipIf(process.platform !== "linux")("the facts of a process", () => {
  test("tell whether it compiles code, under the name of its number and of itself", async () => {
    expect(readProcessFacts("self").compiles).toBe(true);
    await withProcess({}, (pid) => expect(readProcessFacts(pid).compiles).toBe(true));
    await withProcess({ BUN_JSC_useJIT: "0" }, (pid) => expect(readProcessFacts(pid).compiles).toBe(false));
  });

  test("have its environment and its limit of open files", async () => {
    await withProcess({ BUN_OPTIONS: "--smol", EMPTY: "", EQUAL: "a=b" }, (pid) => {
      const { environment, descriptors } = readProcessFacts(pid);
      expect(Object.fromEntries(environment ?? [])).toEqual({ BUN_OPTIONS: "--smol", EMPTY: "", EQUAL: "a=b" });
      expect(descriptors).toBeGreaterThan(0);
    });
  });

  test("are unknown of a process that has ended", () => {
    expect(readProcessFacts(2 ** 30)).toEqual({ compiles: undefined, descriptors: undefined, environment: undefined });
  });
});
