import { openTransfer, type TransferPlaces } from "../../composition/cluster/open-transfer.ts";
import type { GivenFlag, Sources } from "../../config/sources.ts";
import { systemClock } from "../../lib/time/clock.ts";
import { StoreError } from "../../storage/store.ts";
import { type TransferResult, transfer } from "../../storage/transfer/transfer.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { type Offline, withDataFolder } from "../offline.ts";
import { describeDataError } from "../output/data-errors.ts";
import { formatThings } from "../output/print.ts";
import { type Fact, printFacts } from "../output/records.ts";
import { TransferProgress } from "./transfer-progress.ts";

/**
 * Copies everything of a data folder into a database (`--to`), or back (`--from`), and compares both. An interrupted copy goes
 * on when the command is repeated. The source is not changed.
 */
export async function migrate(input: CommandInput): Promise<number> {
  const [to, from] = [input.texts.get("to"), input.texts.get("from")];
  const url = to ?? from;
  if (url === undefined || (to !== undefined && from !== undefined)) {
    input.stderr.write("yurt: Nothing is copied. Give either --to or --from, with the URL of the database.\n");
    return exitCodes.usage;
  }
  const direction = to === undefined ? "from" : "to";
  // The password and the certificate are checked together with the URL.
  const sources = withUrl(input.sources, { flag: `--${direction}`, value: url });
  return withDataFolder({ ...input, sources }, ({ cluster, complain, dataFolder }) => {
    if (cluster === undefined) throw new Error("The URL is valid, and is not there.");
    return run({ direction, cluster, dataFolder }, input, complain);
  });
}

/** The URL has the place of the setting to which its password and its certificate belong. */
function withUrl(sources: Sources, given: GivenFlag): Sources {
  return { ...sources, flags: new Map([...sources.flags, ["cluster.url", given]]) };
}

async function run(places: TransferPlaces, input: CommandInput, complain: Offline["complain"]): Promise<number> {
  const startedAt = systemClock.elapsedMs();
  const { differing, sums } = await copy(places, input);
  if (differing > 0) {
    complain(
      `The copy differs in ${formatThings(differing, "document")}, or in what belongs to none. Servers refuse it. ` +
        "Look for what has written to one of the two, empty the target, and begin again.",
    );
    return exitCodes.failed;
  }
  await printFacts(input, factsOf(sums, systemClock.elapsedMs() - startedAt));
  return exitCodes.done;
}

async function copy(places: TransferPlaces, { stderr }: CommandInput): Promise<TransferResult> {
  const progress = new TransferProgress({ output: stderr, clock: systemClock });
  try {
    await using opened = await openTransfer(places);
    return await transfer({ ...opened, listener: progress, now: systemClock.now() });
  } catch (error) {
    throw explained(error, places);
  } finally {
    progress.end();
  }
}

/** Says whether the error is one of the database or one of the data folder: the command uses both. */
function explained(error: unknown, { dataFolder, direction }: TransferPlaces): unknown {
  // The URL is not that of the setting.
  if (error instanceof StoreError && error.name === "DatabaseUnusable")
    return new Error(error.message.replaceAll("cluster.url", `--${direction}`), { cause: error });
  if (!(error instanceof StoreError) || !error.message.startsWith("Postgres: ")) {
    const text = describeDataError(error, dataFolder);
    return text === undefined ? error : new Error(text, { cause: error });
  }
  const text = error.message.replace(/\.?$/, ".");
  return new Error(`${text} Repeat the command when the database can be used: it goes on.`, { cause: error });
}

function factsOf({ bytes, documents, rows }: TransferResult["sums"], elapsedMs: number): readonly Fact[] {
  const count = (key: string, label: string, value: number): Fact => ({ key, value, kind: "count", label });
  return [
    count("documents", "documents", documents),
    count("updates", "updates", rows.updates ?? 0),
    count("quarantined", "quarantined updates", rows.quarantined ?? 0),
    count("historyParts", "parts of histories", (rows.history_segments ?? 0) + (rows.history_snapshots ?? 0)),
    count("versions", "versions", rows.versions ?? 0),
    count("webhooks", "webhooks", rows.webhooks ?? 0),
    count("messages", "messages to webhooks", rows.webhook_messages ?? 0),
    { key: "bytes", value: bytes, kind: "bytes", label: "content" },
    { key: "seconds", value: Math.max(0.1, Math.round(elapsedMs / 100) / 10), kind: "word", label: "seconds" },
  ];
}
