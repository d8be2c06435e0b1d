/** Appends a revocation of each user, in turn, and prints for each "kept" or the system's error code. */
import { systemClock } from "../../../src/lib/time/clock.ts";
import { RevocationFile } from "../../../src/storage/revocation-log.ts";

const [folder = "", until = "", ...users] = process.argv.slice(2);
const log = new RevocationFile(folder, systemClock);
for (const user of users) {
  const appended = log.append({ user, revokedAt: 0, until: Number(until) });
  console.log(await appended.then(() => "kept").catch((error: { code?: string }) => error.code));
}
await log.close();
