/** Waits until the file `start` is there, then prints the secret of each name, asked for in turn, as JSON. */
import { existsSync } from "node:fs";
import { secretIn } from "../../../src/storage/secrets-file.ts";

const [folder = "", start = "", ...names] = process.argv.slice(2);
console.log("ready");
while (!existsSync(start)) await Bun.sleep(1);
const secrets = names.map((name) => [name, secretIn(folder, name, () => crypto.randomUUID()).text]);
console.log(JSON.stringify(Object.fromEntries(secrets)));
