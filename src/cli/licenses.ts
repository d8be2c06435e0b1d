import { join } from "node:path";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { print } from "./output/print.ts";

/** Prints the licences of the software that the executable contains. The build collects them. */
export async function printLicenses({ stdout, stderr }: CommandInput): Promise<number> {
  if (!Bun.isStandaloneExecutable) {
    stderr.write("yurt: Only the executable contains the licences. Build it with npm run build.\n");
    return exitCodes.failed;
  }
  await print(stdout, await Bun.file(join(import.meta.dir, "licenses", "THIRD-PARTY-LICENSES.txt")).text());
  return exitCodes.done;
}
