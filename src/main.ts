import { run } from "./cli/program.ts";
import { readEnvironment } from "./config/load.ts";

const { stdout, stderr } = process;
process.exit(await run({ args: process.argv.slice(2), environment: readEnvironment(), stdout, stderr }));
