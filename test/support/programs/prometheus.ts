import { join } from "node:path";
import * as v from "valibot";
import { findProgram } from "../processes/programs.ts";
import { freePort } from "./free-port.ts";

const answerSchema = v.object({
  data: v.object({ result: v.array(v.object({ value: v.tuple([v.number(), v.string()]) })) }),
});

/** A real Prometheus on loopback, until it is disposed of. It has no samples of earlier runs. */
export class Prometheus implements AsyncDisposable {
  readonly #port: number;
  readonly #process: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #errors: Promise<string>;

  /** `configuration` is the text of prometheus.yml, and `folder` an existing folder for its files. */
  static async start(configuration: string, folder: string): Promise<Prometheus> {
    await Bun.write(join(folder, "prometheus.yml"), configuration);
    const prometheus = new Prometheus(freePort(), folder);
    await prometheus.#ready();
    return prometheus;
  }

  private constructor(port: number, folder: string) {
    this.#port = port;
    const flags = ["--config.file=prometheus.yml", "--storage.tsdb.path=samples", "--log.level=error"];
    const program = findProgram("prometheus") ?? "prometheus";
    this.#process = Bun.spawn([program, ...flags, `--web.listen-address=127.0.0.1:${port}`], {
      cwd: folder,
      env: {},
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#errors = this.#process.stderr.text();
  }

  /** The values of the series that an expression selects now. */
  async query(expression: string): Promise<readonly number[]> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { data } = v.parse(answerSchema, await (await fetch(url)).json());
    return data.result.map(({ value: [, value] }) => Number(value));
  }

  async #ready(): Promise<void> {
    for (;;) {
      const isReady = await fetch(`http://127.0.0.1:${this.#port}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return;
      if (this.#process.exitCode !== null) throw new Error(`Prometheus has ended:\n${await this.#errors}`);
      await Bun.sleep(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
