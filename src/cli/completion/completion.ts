import type { RunCommand } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../output/print.ts";
import { bashScript } from "./bash-script.ts";
import { type CommandTable, type OfferedCommand, offeredCommands, type Shell, shells } from "./command-line.ts";
import { fishScript } from "./fish-script.ts";
import { zshScript } from "./zsh-script.ts";

const scripts: Readonly<Record<Shell, (commands: readonly OfferedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The command that prints the script by which a shell completes commands and flags of `yurt`. */
export function completionOf(table: CommandTable): RunCommand {
  return async ({ operands, stdout, stderr }) => {
    const [given = ""] = operands;
    const shell = shells.find((each) => each === given);
    if (shell === undefined) {
      stderr.write(`yurt: There is no completion for the shell ${JSON.stringify(given)}. Give bash, zsh or fish.\n`);
      return exitCodes.usage;
    }
    await print(stdout, scripts[shell](offeredCommands(table)));
    return exitCodes.done;
  };
}
