import * as v from "valibot";
import { apiKeyDocuments, apiKeyName, apiKeyNameForm, apiKeyPrefixForm } from "../../auth/keys/api-key-order.ts";
import { scopes } from "../../auth/keys/api-keys.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { formatName, print } from "../output/print.ts";
import { withApiKeys } from "./with-api-keys.ts";

/** Creates an API key and prints it: standard output has the key alone, once and for ever. */
export async function createApiKey(input: CommandInput): Promise<number> {
  const { choices, operands, stderr, stdout, texts } = input;
  const [name = ""] = operands;
  const prefix = texts.get("prefix") ?? "";
  const scope = scopes.find((known) => known === choices.get("scope"));
  if (scope === undefined) throw new Error(`There is no scope ${choices.get("scope")}.`);
  const fault = faultOf(name, prefix);
  if (fault !== undefined) {
    stderr.write(`yurt: ${fault}\n`);
    return exitCodes.usage;
  }
  return withApiKeys(input, async (keys, { place }) => {
    const { text } = await keys.create({ name, scope, prefix });
    await print(stdout, `${text}\n`);
    const reach = prefix === "" ? "all documents" : `documents whose names begin with ${formatName(prefix)}`;
    stderr.write(
      `yurt: Keep the key now: it is not shown again. It is for ${reach}, on the server with ${place.name}.\n`,
    );
    return exitCodes.done;
  });
}

function faultOf(name: string, prefix: string): string | undefined {
  if (!v.is(apiKeyName, name)) return `Invalid name ${JSON.stringify(name)}. Use ${apiKeyNameForm}.`;
  return v.is(apiKeyDocuments, prefix) ? undefined : `Invalid --prefix. Use ${apiKeyPrefixForm}.`;
}
