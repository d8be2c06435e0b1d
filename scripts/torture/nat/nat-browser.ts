import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { findProgram } from "../../../test/support/processes/programs.ts";

const flags = [
  ...["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
];

/** Launches Chromium behind words that run it, as in a namespace. The test drives it over pipes, which need no network. */
export async function launchBehind(prefix: readonly string[], folder: string): Promise<Browser> {
  const path = findProgram("chromium") ?? "chromium";
  const wrapper = join(folder, "chromium.sh");
  await writeFile(wrapper, `#!/bin/sh\nexec ${prefix.join(" ")} "${path}" "$@"\n`);
  await chmod(wrapper, 0o755);
  return chromium.launch({ executablePath: wrapper, args: flags, chromiumSandbox: false });
}
