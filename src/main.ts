import { run } from "./cli/program.ts";
import { configurationPaths } from "./config/file/read-file.ts";
import { readEnvironment, readTextFile } from "./config/sources.ts";

const { stdout, stderr } = process;
const invocation = { environment: readEnvironment(), readFile: readTextFile, configurationPaths, stdout, stderr };
process.exit(await run({ args: process.argv.slice(2), ...invocation }));
