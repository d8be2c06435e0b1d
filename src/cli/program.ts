import { Command, CommanderError, Option as Flag } from "commander";
import { options } from "../composition/settings/options.ts";
import { readConfigurationFile } from "../config/file/read-file.ts";
import { nearestName } from "../config/nearest-name.ts";
import type { Environment, ReadFile, Sources } from "../config/sources.ts";
import type { Choice, Output, Switch, Text } from "./command.ts";
import { type CommandDefinition, choiceHelp, commandGroups, commands, textHelp } from "./commands.ts";
import { exitCodes } from "./exit-code.ts";
import { SettingFlags } from "./flags.ts";
import { commandHelp, groupHelp, programHelp, serveHelp } from "./output/help.ts";
import { ReaderGone } from "./output/print.ts";
import { describeUnexpected } from "./output/unexpected.ts";
import { describeUsageError } from "./output/usage-error.ts";
import { describeVersion } from "./version.ts";

/** One start of the executable. */
export interface Invocation {
  /** Without the executable's own name. */
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly readFile: ReadFile;
  /** The configuration file is looked for at these paths, in order, when nothing names it. */
  readonly configurationPaths: readonly string[];
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Runs the command that the arguments name, `serve` when they name none, and resolves with the exit code. */
export async function run(invocation: Invocation): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = createProgram(invocation, (code) => {
    exitCode = code;
  });
  const args = [...invocation.args];
  try {
    const { operands, unknown } = program.parseOptions(args);
    const namesNoCommand = operands.length === 0 && unknown.length === 0;
    await program.parseAsync(namesNoCommand ? ["serve", ...args] : args, { from: "user" });
  } catch (error) {
    if (error instanceof ReaderGone) return exitCodes.done;
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const level = program.getOptionValue("logLevel") ?? invocation.environment["YURT_LOG_LEVEL"];
    invocation.stderr.write(describeUnexpected(error, level === "debug" || level === "trace"));
    return exitCodes.failed;
  }
  return exitCode;
}

function createProgram(invocation: Invocation, ended: (exitCode: number) => void): Command {
  const { environment, readFile, configurationPaths, stdout, stderr } = invocation;
  const flags = new SettingFlags();
  const program = withMessages(new Command("yurt"), invocation, "yurt --help", programHelp);
  program.version(describeVersion(), "-v, --version").exitOverride();
  for (const flag of flags.all) program.addOption(flag);

  let known: string | undefined;
  const sourcesOf = async ({ settings }: CommandDefinition): Promise<Sources> => {
    const sources = { environment, flags: flags.given((name) => program.getOptionValue(name)), readFile };
    if (settings === undefined) return sources;
    const flag = flags.configuration((name) => program.getOptionValue(name));
    const search = { flag, environment, paths: configurationPaths, known, readFile };
    const file = await readConfigurationFile(options, search);
    known = file?.path;
    return file === undefined ? sources : { ...sources, file };
  };
  const addCommand = (parent: Command, path: string, definition: CommandDefinition) => {
    const help = () => (path === "serve" ? serveHelp() : commandHelp(path, definition));
    const added = withMessages(parent.command(definition.usage), invocation, `yurt ${path} --help`, help);
    const switches = (definition.switches ?? []).map(switchFlag);
    const choices = (definition.choices ?? []).map(choiceFlag);
    const texts = (definition.texts ?? []).map(textFlag);
    for (const { flag } of [...switches, ...choices, ...texts]) added.addOption(flag);
    added.action(async () => {
      const run = await definition.load();
      const valueGiven = ({ flag }: { readonly flag: Flag }): unknown => added.getOptionValue(flag.attributeName());
      ended(
        await run({
          sources: await sourcesOf(definition),
          readSources: () => sourcesOf(definition),
          stdout,
          stderr,
          operands: added.args,
          switches: new Set(switches.filter((given) => valueGiven(given) === true).map(({ name }) => name)),
          choices: new Map(choices.map((given) => [given.name, String(valueGiven(given))])),
          texts: new Map(
            texts.flatMap((given) => {
              const text = valueGiven(given);
              return text === undefined ? [] : [[given.name, String(text)] as const];
            }),
          ),
        }),
      );
    });
  };
  for (const command of commands) addCommand(program, nameOf(command), command);
  for (const group of commandGroups) {
    const { name } = group;
    const parent = withMessages(program.command(name), invocation, `yurt ${name} --help`, () => groupHelp(group));
    for (const command of group.commands) addCommand(parent, `${name} ${nameOf(command)}`, command);
    addHelpCommand(parent, invocation);
  }
  addHelpCommand(program, invocation);
  return program;
}

/** Adds `help [command...]`. Commander's own has no message for an unknown command, and prints the whole help. */
function addHelpCommand(parent: Command, invocation: Invocation): void {
  const help = withMessages(
    parent.helpCommand(false).command("help [command...]"),
    invocation,
    "yurt --help",
    programHelp,
  );
  help.action((names: readonly string[]) => {
    let found = parent;
    for (const name of names) {
      const next = found.commands.find((command) => command.name() === name);
      if (next === undefined) return found.error(describeUnknownCommand(name, found));
      found = next;
    }
    return found.help();
  });
}

/** Writes the error as commander does, for `describeUsageError`. */
function describeUnknownCommand(name: string, { commands }: Command): string {
  const nearest = nearestName(
    name,
    commands.map((command) => command.name()),
  );
  return `error: unknown command '${name}'${nearest === undefined ? "" : `\n(Did you mean ${nearest}?)`}`;
}

/** Gives a command its own help text, and the form of message that all of them have. */
function withMessages(
  command: Command,
  { stdout, stderr }: Invocation,
  helpCommand: string,
  help: () => string,
): Command {
  return command
    .helpOption("-h, --help")
    .configureHelp({ formatHelp: help })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => write(describeUsageError(text, helpCommand)),
    });
}

function nameOf({ usage }: CommandDefinition): string {
  return usage.replace(/ .*/, "");
}

function switchFlag(name: Switch) {
  return { name, flag: new Flag(`--${name}`) };
}

function choiceFlag(name: Choice) {
  return {
    name,
    flag: new Flag(`--${name} <${choiceHelp[name].placeholder}>`).choices(choiceHelp[name].words).makeOptionMandatory(),
  };
}

function textFlag(name: Text) {
  return { name, flag: new Flag(`--${name} <${textHelp[name].placeholder}>`) };
}
