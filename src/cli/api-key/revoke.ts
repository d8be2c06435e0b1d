import { nearestName } from "../../config/nearest-name.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { formatName, print } from "../output/print.ts";
import { withApiKeys } from "./with-api-keys.ts";

/** Revokes the API key with this name or id. A running server refuses it from the next request on. */
export async function revokeApiKey(input: CommandInput): Promise<number> {
  const [nameOrId = ""] = input.operands;
  return withApiKeys(input, async (keys, { complain }) => {
    const revoked = await keys.revoke(nameOrId);
    if (revoked !== undefined) {
      await print(input.stdout, `${formatName(revoked.name)} is revoked.\n`);
      return exitCodes.done;
    }
    const nearest = nearestName(
      nameOrId,
      keys.list().map(({ name }) => name),
    );
    const hint = nearest === undefined ? "List them with yurt api-key list." : `Did you mean ${formatName(nearest)}?`;
    complain(`There is no API key ${formatName(nameOrId)}. ${hint}`);
    return exitCodes.failed;
  });
}
