import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const privately = ["unshare", "--map-root-user", "--mount"];

/** The reason why no small disk can be mounted here; undefined if one can. */
export function smallDiskTrouble(): string | undefined {
  for (const program of ["unshare", "nsenter"]) if (Bun.which(program) === null) return `there is no ${program}`;
  const { exitCode, stderr } = Bun.spawnSync([...privately, "mount", "-t", "tmpfs", "none", "/mnt"]);
  return exitCode === 0 ? undefined : `nothing can be mounted: ${stderr.toString().trim()}`;
}

/**
 * A small disk in memory, visible only to processes that are started with `prefix`.
 *
 * It is mounted in a namespace of its own, which ends with the last process in it, so nothing has to be unmounted.
 */
export class SmallDisk implements AsyncDisposable {
  /** The mount point, in the namespace. */
  readonly folder: string;
  readonly #holder: Bun.Subprocess<"pipe", "pipe", "inherit">;

  private constructor(folder: string, holder: Bun.Subprocess<"pipe", "pipe", "inherit">) {
    this.folder = folder;
    this.#holder = holder;
  }

  static async mount(folder: string, mebibytes: number): Promise<SmallDisk> {
    const script = `mount -t tmpfs -o size=${mebibytes}m none "$0" && echo mounted && exec cat`;
    const holder = Bun.spawn([...privately, "sh", "-c", script, folder], { stdio: ["pipe", "pipe", "inherit"] });
    const { value } = await holder.stdout.getReader().read();
    if (value === undefined) throw new Error("the small disk is not mounted");
    return new SmallDisk(folder, holder);
  }

  /** A command that runs the rest of its arguments in the namespace. */
  get prefix(): readonly string[] {
    return ["nsenter", "--target", String(this.#holder.pid), "--user", "--preserve-credentials", "--mount"];
  }

  /** Fills the free space. */
  fill(): void {
    const ballast = openSync(this.#ballast, "a");
    try {
      for (const bytes of [65_536, 1]) {
        const piece = new Uint8Array(bytes);
        while (hasWritten(ballast, piece));
      }
    } finally {
      closeSync(ballast);
    }
  }

  /** Frees the space again. */
  empty(): void {
    rmSync(this.#ballast);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.kill("SIGKILL");
    await this.#holder.exited;
  }

  get #ballast(): string {
    return join(`/proc/${this.#holder.pid}/root`, this.folder, "ballast");
  }
}

function hasWritten(file: number, piece: Uint8Array): boolean {
  try {
    return writeSync(file, piece) > 0;
  } catch {
    return false;
  }
}
