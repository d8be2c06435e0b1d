import type { LoadedSettings } from "../../../composition/settings/settings.ts";
import { describeProblem } from "../../../config/problem.ts";
import { configurationWarnings } from "../../configuration/warnings.ts";
import type { Finding } from "../finding.ts";

const check = "Configuration";

/** The problems and warnings of `yurt check`. */
export function checkConfiguration(loaded: LoadedSettings): readonly Finding[] {
  if (!loaded.ok) {
    return loaded.problems.map((problem) => ({
      check,
      status: "fail",
      message: `${describeProblem(problem)}.`,
      remedy: problem.remedy,
    }));
  }
  const { configuration } = loaded;
  const from = configuration.file === undefined ? "" : ` ${configuration.file.path} was read.`;
  const warnings = configurationWarnings(configuration).map(
    ({ text }): Finding => ({ check, status: "warn", message: text }),
  );
  return [{ check, status: "ok", message: `The configuration is valid.${from}` }, ...warnings];
}
