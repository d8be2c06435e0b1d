/** Opens a data folder, prints "held" and keeps it until it is killed; or prints why it could not. */
import { openDataFolder } from "../../../src/storage/data-folder.ts";

const [path = "", user] = process.argv.slice(2);
// Root may write everywhere.
if (user !== undefined && process.getuid?.() === 0) process.setuid?.(user);
try {
  openDataFolder(path);
  // What nobody refers to is collected now; the lock must not be.
  Bun.gc(true);
  console.log("held");
  setInterval(() => {}, 60_000);
} catch (error) {
  console.log(String(error));
}
