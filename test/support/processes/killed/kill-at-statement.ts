import { Database, type Statement } from "bun:sqlite";

/** Where the process is killed: right after a statement has run, or a transaction was committed, this many times. */
export interface KillPoint {
  /** The beginning of the statement's SQL, or "COMMIT". */
  readonly statement: string;
  readonly runs: number;
}

/** Has this process killed at a point of its work with SQLite, without a chance to do anything more. */
export function killAt({ statement, runs }: KillPoint): void {
  let left = runs;
  const passed = () => {
    left -= 1;
    if (left === 0) die();
  };
  const { prepare, transaction } = Database.prototype;
  Database.prototype.prepare = function (this: Database, sql: string, ...rest: never[]) {
    const prepared = prepare.call(this, sql, ...rest);
    if (sql.startsWith(statement)) afterEach(prepared, passed);
    return prepared;
  } as typeof prepare;
  if (statement !== "COMMIT") return;
  Database.prototype.transaction = function (this: Database, ...rest: Parameters<typeof transaction>) {
    const transact = transaction.apply(this, rest);
    const watched =
      (run: (...values: unknown[]) => unknown) =>
      (...values: unknown[]) => {
        const result = run(...values);
        passed();
        return result;
      };
    return { immediate: watched(transact.immediate), exclusive: watched(transact.exclusive) };
  } as never;
}

function afterEach(prepared: Statement, passed: () => void): void {
  for (const method of ["run", "get"] as const) {
    const original = prepared[method].bind(prepared);
    prepared[method] = (...values: never[]): never => {
      const result = original(...values);
      passed();
      return result as never;
    };
  }
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  for (;;);
}
