import type { SQL } from "bun";
import { repeatWhileBroken } from "./postgres-errors.ts";

/**
 * Runs a task in a transaction of its own, with the options of `BEGIN`. Takes another connection if one turns out to be
 * broken before the transaction has begun.
 */
export async function transact<Result>(
  pool: SQL,
  task: (transaction: SQL) => Promise<Result>,
  options = "READ WRITE",
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
