import { type Reload, reloadOf } from "../../composition/settings/reload.ts";
import {
  type LoadedSettings,
  loadSettings,
  type ServerConfiguration,
  serverOptionsOf,
} from "../../composition/settings/settings.ts";
import { describeOrigin, describeProblem } from "../../config/problem.ts";
import type { Sources } from "../../config/sources.ts";
import type { Log } from "../../ops/log.ts";
import type { RunningServer } from "../../server.ts";
import { configurationWarnings } from "../configuration/warnings.ts";

export interface ConfigurationReloadOptions {
  /** The configuration with which the server was started. */
  readonly configuration: ServerConfiguration;
  readonly readSources: () => Promise<Sources>;
  readonly server: Pick<RunningServer, "reload">;
  readonly log: Log;
}

/** Reads the configuration of a running server again. */
export class ConfigurationReload {
  readonly #options: ConfigurationReloadOptions;
  #current: ServerConfiguration;

  constructor(options: ConfigurationReloadOptions) {
    this.#options = options;
    this.#current = options.configuration;
  }

  /** The configuration that is in force. */
  get current(): ServerConfiguration {
    return this.#current;
  }

  /**
   * Takes over the settings that have changed, and logs which of them need a restart. An invalid configuration changes
   * nothing: all its problems are logged. Never rejects.
   */
  async run(): Promise<void> {
    const { log } = this.#options;
    const loaded = await this.#load();
    if (loaded === undefined) return;
    if (loaded.ok) {
      await this.#take(reloadOf(this.#current, loaded.configuration));
      return;
    }
    for (const problem of loaded.problems) {
      const { remedy } = problem;
      if ("setting" in problem) {
        const { setting, value, origin } = problem;
        log.error({ event: "invalid-setting", setting, value, from: describeOrigin(origin), remedy });
      } else log.error({ event: "invalid-configuration-file", problem: describeProblem(problem), remedy });
    }
    log.error({ event: "reload-refused", problems: loaded.problems.length });
  }

  /** Undefined after an unexpected error, which must not end a server that runs. */
  async #load(): Promise<LoadedSettings | undefined> {
    const { log, readSources } = this.#options;
    try {
      return loadSettings(await readSources());
    } catch (error) {
      log.error({ event: "reload-failed", err: error });
      return undefined;
    }
  }

  async #take({ configuration, changed, needRestart }: Reload): Promise<void> {
    const { log, server } = this.#options;
    const { values } = configuration;
    this.#current = configuration;
    log.level = values["log.level"];
    try {
      await server.reload(serverOptionsOf(values));
      log.info({ event: "reloaded", changed });
    } catch (error) {
      log.error({ event: "reload-failed", err: error });
    }
    for (const { fields } of configurationWarnings(configuration)) log.warn(fields);
    if (needRestart.length > 0) log.warn({ event: "restart-needed", settings: needRestart });
  }
}
