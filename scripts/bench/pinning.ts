const taskset = Bun.which("taskset");

/** The core on which a measured server runs; the load has the others. */
const serverCore = 0;

/**
 * Binds all threads of a server to one core and those of this process to the others, if the machine has several and the
 * program `taskset` is there. Returns a function that gives this process all cores again.
 */
export function separate(serverPid: number): () => void {
  const cores = navigator.hardwareConcurrency;
  if (taskset === null || cores < 2) return () => {};
  bind(serverPid, `${serverCore}`);
  bind(process.pid, `${serverCore + 1}-${cores - 1}`);
  return () => bind(process.pid, `0-${cores - 1}`);
}

function bind(pid: number, cores: string): void {
  Bun.spawnSync(["taskset", "--all-tasks", "--cpu-list", "--pid", cores, `${pid}`]);
}
