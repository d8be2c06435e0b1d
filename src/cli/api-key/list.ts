import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../output/print.ts";
import { type ListColumn, RowWriter } from "../output/records.ts";
import { withApiKeys } from "./with-api-keys.ts";

const columns: readonly ListColumn<"id" | "scope" | "createdAt" | "prefix" | "name">[] = [
  { key: "id", title: "ID", kind: "word" },
  { key: "scope", title: "SCOPE", kind: "word" },
  { key: "createdAt", title: "CREATED", kind: "word", width: 20 },
  { key: "prefix", title: "PREFIX", kind: "name", width: 12 },
  { key: "name", title: "NAME", kind: "name" },
];

/** Lists the API keys, without the keys themselves: only their hashes are kept. */
export async function listApiKeys(input: CommandInput): Promise<number> {
  return withApiKeys(input, async (keys) => {
    const writer = new RowWriter(input, columns);
    const found = keys.list();
    await writer.write(
      found.map(({ createdAt, id, name, prefix, scope }) => {
        // Seconds are enough to tell keys apart.
        return { id, scope, createdAt: new Date(createdAt).toISOString().replace(/\.\d+Z$/, "Z"), prefix, name };
      }),
    );
    if (writer.isTable && found.length === 0) await print(input.stdout, "No API keys.\n");
    return exitCodes.done;
  });
}
