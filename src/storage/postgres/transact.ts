import type { SQL } from "bun";
import { isDeadlock, repeatWhileBroken } from "./postgres-errors.ts";

/** Two transactions that have met once rarely meet again. */
const mostDeadlocks = 3;

/**
 * Runs a task in a transaction of its own, with the options of `BEGIN`. Takes another connection if one turns out to be
 * broken before the transaction has begun. Runs the task again if Postgres has rolled it back, because it and a transaction
 * of another call or node waited for each other.
 */
export async function transact<Result>(
  pool: SQL,
  task: (transaction: SQL) => Promise<Result>,
  options = "READ WRITE",
): Promise<Result> {
  for (let deadlocks = 0; ; deadlocks += 1) {
    try {
      return await transactOnce(pool, task, options);
    } catch (error) {
      if (deadlocks === mostDeadlocks || !isDeadlock(error)) throw error;
    }
  }
}

async function transactOnce<Result>(
  pool: SQL,
  task: (transaction: SQL) => Promise<Result>,
  options: string,
): Promise<Result> {
  let hasBegun = false;
  const run = async (): Promise<Result> => {
    // Bun treats an array as the queries of a pipeline.
    const done = await pool.begin(options, async (transaction) => {
      hasBegun = true;
      return { result: await task(transaction) };
    });
    return done.result;
  };
  return await repeatWhileBroken(run, () => !hasBegun);
}

/** Runs a task in a transaction that reads one state of the database, and again if its connection breaks. */
export async function readOneState<Result>(pool: SQL, task: (transaction: SQL) => Promise<Result>): Promise<Result> {
  return await repeatWhileBroken(() => transact(pool, task, "ISOLATION LEVEL REPEATABLE READ READ ONLY"));
}
