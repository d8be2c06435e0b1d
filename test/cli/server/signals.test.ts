import { expect, test } from "bun:test";
import { join } from "node:path";

const signals = join(import.meta.dir, "../../../src/cli/server/signals.ts");
const program = `
  import { stopSignal } from ${JSON.stringify(signals)};
  setInterval(() => {}, 60_000);
  const stopping = stopSignal();
  process.stdout.write("ready");
  process.stdout.write(await stopping);
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
