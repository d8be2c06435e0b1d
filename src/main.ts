import { run } from "./cli/program.ts";
import { readEnvironment, readTextFile } from "./config/sources.ts";

const { stdout, stderr } = process;
const invocation = { environment: readEnvironment(), readFile: readTextFile, stdout, stderr };
process.exit(await run({ args: process.argv.slice(2), ...invocation }));
