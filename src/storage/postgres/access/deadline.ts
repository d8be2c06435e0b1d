import type { Clock } from "../../../lib/time/clock.ts";
import { StoreError } from "../../store.ts";

const deadlineMs = 5_000;

/** Settles as a change does, or rejects with `StoreError` after 5 s. It may still take effect then. */
export async function answeredSoon<Result>(change: Promise<Result>, clock: Pick<Clock, "after">): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(deadlineMs, () => late.reject(new StoreError("unavailable", "Postgres does not answer.")));
  try {
    return await Promise.race([change, late.promise]);
  } finally {
    cancel();
  }
}
