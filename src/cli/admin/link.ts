import { YurtClient } from "../../client/client.ts";
import { YurtError } from "../../client/errors.ts";
import { urlOfServer } from "../../composition/api/server-of-folder.ts";
import { openOwnMinter } from "../../composition/own-minter.ts";
import { authOptionsOf, loadSettings } from "../../composition/settings/settings.ts";
import type { CommandInput } from "../command.ts";
import { fetchLocally } from "../doctor/fetch-from.ts";
import { exitCodes } from "../exit-code.ts";
import { describeProblems } from "../output/configuration-problems.ts";
import { describeDataError } from "../output/data-errors.ts";
import { print } from "../output/print.ts";

const settingKeys = ["data", "auth.secret", "auth.issuer", "auth.audience"] as const;
/** The lifetime of the token, which is for one request. */
const tokenLifetimeMs = 60_000;

/** Prints a link that signs in an administrator, once, to the server that runs on the data folder. */
export async function adminLink({ sources, stdout, stderr }: CommandInput): Promise<number> {
  const loaded = loadSettings(sources, settingKeys);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  const { values } = loaded.configuration;
  const fail = (message: string) => {
    stderr.write(`yurt: ${message}\n`);
    return exitCodes.failed;
  };
  const url = urlOfServer(values.data);
  if (url === undefined)
    return fail(`No server runs on the data folder ${values.data}. Start it, or give its folder with --data.`);
  try {
    const mint = openOwnMinter(values.data, authOptionsOf(values));
    const minted = await mint({ rooms: new Map(), isAdmin: true, lifetimeMs: tokenLifetimeMs });
    if (minted === "too-long") throw new Error("The token would be too long. Shorten auth.issuer and auth.audience.");
    const client = new YurtClient({ url, token: minted.token, fetch: fetchLocally });
    const link = await client.server.createAdminLink();
    await print(stdout, `${link.url}\n`);
    stderr.write("yurt: The link is valid once, for 30 minutes. Give it only to an administrator.\n");
    return exitCodes.done;
  } catch (error) {
    if (error instanceof YurtError) return fail(describeRefusal(url, error));
    const reason = describeDataError(error, values.data) ?? (error instanceof Error ? error.message : String(error));
    return fail(`The server at ${url} could not be asked for a link: ${reason.replace(/\.?$/, ".")}`);
  }
}

function describeRefusal(url: string, { code, message }: YurtError): string {
  const remedy = code === "unauthorized" ? " Run the command with the configuration of the server." : "";
  return `The server at ${url} refuses to make a link (${code}): ${message}${remedy}`;
}
