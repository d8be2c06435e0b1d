import { Command, CommanderError, Option as Flag, InvalidArgumentError } from "commander";
import { type OptionKey, optionKeys, options } from "../composition/options.ts";
import { fileVariableOf, flagOf, type Option, textOf, variableOf } from "../config/option.ts";
import type { Environment, GivenFlag, ReadFile } from "../config/sources.ts";
import type { Choice, Output, Switch, Text } from "./command.ts";
import { type CommandDefinition, choiceHelp, commands, documentCommands, switchHelp, textHelp } from "./commands.ts";
import { exitCodes } from "./exit-code.ts";
import { parseLimits } from "./parse-limits.ts";
import { describeVersion } from "./version.ts";

/** One start of the executable. */
export interface Invocation {
  /** Without the executable's own name. */
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly readFile: ReadFile;
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
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
  return exitCode;
}

function createProgram(invocation: Invocation, ended: (exitCode: number) => void): Command {
  const { environment, readFile, stdout, stderr } = invocation;
  const program = new Command("yurt");
  program
    .description("The server between the browsers of a Yjs application.")
    .version(describeVersion(), "--version", "print the version")
    .helpOption("--help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => write(withoutValue(text)),
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("Run yurt --help to see what there is.")
    .exitOverride();
  const flags = optionKeys.flatMap(flagsOf);
  for (const { flag } of flags) program.addOption(flag);
  program.addOption(limitsFlag());

  const addCommand = (parent: Command, { usage, help, load, ...definition }: CommandDefinition) => {
    const added = parent.command(usage).description(help);
    const switches = (definition.switches ?? []).map(switchFlag);
    const choices = (definition.choices ?? []).map(choiceFlag);
    const texts = (definition.texts ?? []).map(textFlag);
    for (const { flag } of [...switches, ...choices, ...texts]) added.addOption(flag);
    added.action(async () => {
      const run = await load();
      const valueGiven = ({ flag }: { readonly flag: Flag }): unknown => added.getOptionValue(flag.attributeName());
      ended(
        await run({
          sources: { environment, flags: givenFlags(program, flags), readFile },
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
  for (const command of commands) addCommand(program, command);
  const documents = program
    .command("documents")
    .description("look at the documents, compact them, or take over others");
  for (const command of documentCommands) addCommand(documents, command);
  return program;
}

/** Of an unknown flag only the name is told: its value may be a secret behind a slip of the pen. */
function withoutValue(error: string): string {
  return error.replace(/^(error: unknown option '[^'=]*)=.*'/s, "$1=…'");
}

function switchFlag(name: Switch) {
  return { name, flag: new Flag(`--${name}`, switchHelp[name]) };
}

function choiceFlag(name: Choice) {
  const { help, words } = choiceHelp[name];
  return { name, flag: new Flag(`--${name} <format>`, help).choices(words).makeOptionMandatory() };
}

function textFlag(name: Text) {
  const { help, placeholder } = textHelp[name];
  return { name, flag: new Flag(`--${name} <${placeholder}>`, help) };
}

interface OptionFlag {
  readonly key: OptionKey;
  readonly flag: Flag;
}

/** A boolean has two flags; help shows the one that changes the default. */
function flagsOf(key: OptionKey): readonly OptionFlag[] {
  const option: Option<unknown> = options[key];
  const { kind, help, placeholder } = option;
  if (kind === "boolean") {
    return ["true", "false"].map((value) => {
      const effect = value === "true" ? help : (option.negativeHelp ?? `do not ${help}`);
      const flag = new Flag(flagOf(key, option, value), `${effect} (${variableOf(key)}=${value})`);
      return { key, flag: flag.hideHelp(String(option.default) === value) };
    });
  }
  const variables = [variableOf(key), fileVariableOf(key, option), option.platformVariable].filter(
    (name) => name !== undefined,
  );
  const isShown = option.default !== undefined && textOf(option.default) !== "";
  const otherwise = isShown ? `; default: ${textOf(option.default ?? "")}` : "";
  const flag = new Flag(`${flagOf(key, option)} <${placeholder}>`, `${help} (${variables.join(" or ")}${otherwise})`);
  return [{ key, flag: flag.hideHelp(option.isRare === true) }];
}

/** Sets several bounds at once; the flag of a single bound takes precedence. */
function limitsFlag(): Flag {
  const flag = new Flag("--limits <name=number,…>", "any limits by name, such as json-depth=64,outbox-bytes=8388608");
  return flag.argParser((text: string) => {
    const read = parseLimits(text);
    if (typeof read === "string") throw new InvalidArgumentError(read);
    return read;
  });
}

function givenFlags(program: Command, flags: readonly OptionFlag[]): ReadonlyMap<string, GivenFlag> {
  const given = new Map<string, GivenFlag>();
  const limits: unknown = program.getOptionValue("limits");
  if (limits instanceof Map) for (const [key, value] of limits) given.set(key, { flag: "--limits", value });
  for (const { key, flag } of flags) {
    const value: unknown = program.getOptionValue(flag.attributeName());
    if (value === undefined) continue;
    const text = String(value);
    given.set(key, { flag: flagOf(key, options[key], text), value: text });
  }
  return given;
}
