import { linkUrl } from "../../admin/entry/entry-routes.ts";
import { YurtClient } from "../../client/client.ts";
import { YurtError } from "../../client/errors.ts";
import { openCommandAccess } from "../../composition/access/command-access.ts";
import { mintBeside, mintingKeys } from "../../composition/access/own-minter.ts";
import { urlOfServer } from "../../composition/api/server-of-folder.ts";
import { clusterOptionsOf } from "../../composition/settings/cluster/cluster-settings.ts";
import { loadSettings, type SettingValues } from "../../composition/settings/settings.ts";
import type { CommandInput } from "../command.ts";
import { fetchLocally } from "../doctor/fetch-from.ts";
import { exitCodes } from "../exit-code.ts";
import { describeProblems } from "../output/configuration-problems.ts";
import { describeDataError } from "../output/data-errors.ts";
import { print } from "../output/print.ts";

/** The lifetime of the token, which is for one request. */
const tokenLifetimeMs = 60_000;
const notice = "yurt: The link is valid once, for 30 minutes. Give it only to an administrator.\n";

/** Prints a link that signs in an administrator, once, to the server that runs on the data folder, or to its cluster. */
export async function adminLink({ sources, stdout, stderr }: CommandInput): Promise<number> {
  const loaded = loadSettings(sources, [...mintingKeys, "public-url"]);
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
  if (url === undefined && clusterOptionsOf(values) !== undefined)
    return linkToCluster(values, { fail, stdout, stderr });
  if (url === undefined)
    return fail(`No server runs on the data folder ${values.data}. Start it, or give its folder with --data.`);
  try {
    const minted = await mintBeside(values, { rooms: new Map(), isAdmin: true, lifetimeMs: tokenLifetimeMs });
    if (minted === "too-long") throw new Error("The token would be too long. Shorten auth.issuer and auth.audience.");
    const client = new YurtClient({ url, token: minted.token, fetch: fetchLocally });
    const link = await client.server.createAdminLink();
    await print(stdout, `${link.url}\n`);
    stderr.write(notice);
    return exitCodes.done;
  } catch (error) {
    if (error instanceof YurtError) return fail(describeRefusal(url, error));
    const reason = describeDataError(error, values.data) ?? (error instanceof Error ? error.message : String(error));
    return fail(`The server at ${url} could not be asked for a link: ${reason.replace(/\.?$/, ".")}`);
  }
}

interface LinkOutput extends Pick<CommandInput, "stdout" | "stderr"> {
  readonly fail: (message: string) => number;
}

/** Any node of the cluster redeems the link, so that none has to run on the data folder. */
async function linkToCluster(values: SettingValues, { fail, stderr, stdout }: LinkOutput): Promise<number> {
  const base = values["public-url"]?.href.replace(/\/$/, "");
  if (base === undefined)
    return fail(
      "The URL of the cluster is not known. Give it with --public-url, or the folder of a server with --data.",
    );
  try {
    await using access = await openCommandAccess(values);
    const link = await access.links?.create();
    if (link === undefined) throw new Error("A cluster keeps links.");
    await print(stdout, `${linkUrl(`${base}/admin`, link.code)}\n`);
    stderr.write(notice);
    return exitCodes.done;
  } catch (error) {
    return fail(describeDataError(error, values.data) ?? (error instanceof Error ? error.message : String(error)));
  }
}

function describeRefusal(url: string, { code, message }: YurtError): string {
  const remedy = code === "unauthorized" ? " Run the command with the configuration of the server." : "";
  return `The server at ${url} refuses to make a link (${code}): ${message}${remedy}`;
}
