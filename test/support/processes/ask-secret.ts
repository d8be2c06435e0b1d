/** Waits for the file `start`, then prints as JSON the secret of each name, requested one after the other. */
import { existsSync } from "node:fs";
import { loadOrCreateSecret } from "../../../src/storage/secrets/secrets-file.ts";

const [folder = "", start = "", ...names] = process.argv.slice(2);
console.log("ready");
while (!existsSync(start)) await Bun.sleep(1);
const secrets = names.map((name) => [name, loadOrCreateSecret(folder, name, () => crypto.randomUUID()).text]);
console.log(JSON.stringify(Object.fromEntries(secrets)));
