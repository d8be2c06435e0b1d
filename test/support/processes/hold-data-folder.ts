/** Opens a data folder, prints "held" and keeps it until it is killed; or prints the reason why it cannot be opened. */
import { openDataFolder } from "../../../src/storage/data-folder.ts";

const [path = "", user] = process.argv.slice(2);
// Root could write everywhere, so the process takes another user.
if (user !== undefined && process.getuid?.() === 0) process.setuid?.(user);
try {
  openDataFolder(path);
  // The collection frees unreferenced objects; the lock must survive it.
  Bun.gc(true);
  console.log("held");
  setInterval(() => {}, 60_000);
} catch (error) {
  console.log(String(error));
}
