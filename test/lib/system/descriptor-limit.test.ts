import { expect, test } from "bun:test";
import { join } from "node:path";

const module = join(import.meta.dir, "../../../src/lib/system/descriptor-limit.ts");
const program = `
  import { descriptorLimit } from ${JSON.stringify(module)};
  process.stdout.write(JSON.stringify(descriptorLimit()));
`;

test.skipIf(process.platform === "win32")(
  "is read from the system, and the runtime has raised the soft limit to the hard one",
  async () => {
    const shell = ["sh", "-c", 'ulimit -Sn 256 && ulimit -Hn 512 && exec "$@"', "sh"];
    await using child = Bun.spawn([...shell, process.execPath, "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    expect(await child.stdout.json()).toEqual({ soft: 512, hard: 512 });
  },
);
