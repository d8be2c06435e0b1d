import { expect, test } from "bun:test";
import { join } from "node:path";

const signals = join(import.meta.dir, "../../../src/cli/server/signals.ts");
const program = `
  import { Signals } from ${JSON.stringify(signals)};
  setInterval(() => {}, 60_000);
  const { stop } = new Signals({ onTerminal: false });
  process.stdout.write("ready");
  process.stdout.write(await stop);
`;

test.each<[NodeJS.Signals, NodeJS.Signals, number]>([
  ["SIGTERM", "SIGTERM", 143],
  ["SIGINT", "SIGINT", 130],
  ["SIGTERM", "SIGINT", 130],
  ["SIGINT", "SIGTERM", 143],
])("%s asks to stop, and %s after it ends the process with %i", async (first, second, code) => {
  await using child = Bun.spawn([process.execPath, "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const answers = [first, second];
  const decoder = new TextDecoder();
  let said = "";
  for await (const chunk of child.stdout) {
    said += decoder.decode(chunk);
    const answer = said === "ready" || said === `ready${first}` ? answers.shift() : undefined;
    if (answer !== undefined) child.kill(answer);
  }
  expect(said).toBe(`ready${first}`);
  expect(await child.exited).toBe(code);
});

test("SIGHUP asks to reload: one run at a time, and one for all signals that come meanwhile", async () => {
  const reloads = `
    import { Signals } from ${JSON.stringify(signals)};
    setInterval(() => {}, 60_000);
    const found = new Signals({ onTerminal: false });
    let runs = 0;
    let finish = () => {};
    found.whenReloadAsked(async () => {
      runs += 1;
      process.stdout.write("run" + runs + " ");
      await new Promise((resolve) => (finish = resolve));
    });
    process.on("SIGUSR1", () => finish());
    process.stdout.write("ready ");
    await found.stop;
    process.exit(0);
  `;
  await using child = Bun.spawn([process.execPath, "-e", reloads], { stdio: ["ignore", "pipe", "inherit"] });
  const answers: Record<string, readonly NodeJS.Signals[]> = {
    "ready ": ["SIGHUP"],
    "ready run1 ": ["SIGHUP", "SIGHUP", "SIGUSR1"],
    "ready run1 run2 ": ["SIGUSR1", "SIGTERM"],
  };
  let said = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    said += decoder.decode(chunk);
    for (const answer of answers[said] ?? []) child.kill(answer);
  }
  expect(said).toBe("ready run1 run2 ");
  expect(await child.exited).toBe(0);
});
