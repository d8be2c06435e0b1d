import { join } from "node:path";
import type { Log } from "../../ops/log.ts";
import { AssetsNotBuilt } from "./assets.ts";

/**
 * Brings the built pages of a checkout in step with their sources, before each page is answered.
 *
 * A process of its own does it: the builder is no part of the server, and would hold up its event loop. It ends at once
 * when nothing has changed.
 */
export function assetsRefresher(root: string, log: Log): () => Promise<void> {
  let running = Promise.resolve();
  let waiting: Promise<void> | undefined;
  const refresh = async () => {
    const command = [process.execPath, "--no-env-file", join(root, "scripts", "assets.ts"), "development"];
    const build = Bun.spawn(command, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const [, trouble] = await Promise.all([build.stdout.text(), build.stderr.text()]);
    if ((await build.exited) === 0) return;
    log.error({ event: "pages-not-built", trouble });
    throw new AssetsNotBuilt(trouble);
  };
  const next = () => {
    waiting = undefined;
    running = refresh();
    return running;
  };
  return () => {
    // The running build may have begun before the last change: all requests meanwhile wait for one more build.
    waiting ??= running.then(next, next);
    return waiting;
  };
}
