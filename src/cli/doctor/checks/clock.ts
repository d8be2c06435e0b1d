import { type Stats, statSync } from "node:fs";
import { join } from "node:path";
import type { Examination } from "../examination.ts";
import { describeFetchError, fetchFrom } from "../fetch-from.ts";
import type { Finding } from "../finding.ts";

const check = "Clock";
/** A date of HTTP has no fractions of a second, and the answer was under way. */
const uncertainMs = 2_000;
/** The server accepts tokens of a clock that differs by this much. */
const harmfulMs = 60_000;

/**
 * Whether the clock agrees with those that make it matter: tokens of an identity provider, signatures of webhook requests,
 * and the times of the data folder.
 */
export async function checkClock({ values }: Examination): Promise<readonly Finding[]> {
  const jwks = values["auth.jwks"];
  const urls = [jwks !== undefined && "url" in jwks ? jwks.url : undefined, values["auth.webhook-url"]];
  const compared = await Promise.all(urls.filter((url) => url !== undefined).map(compare));
  return [...fileInFuture(values.data), ...compared];
}

async function compare(url: URL): Promise<Finding> {
  try {
    const response = await fetchFrom(url, { method: "HEAD" });
    const date = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(date)) return { check, status: "ok", message: `${url.host} sends no Date header.` };
    const differenceMs = Date.now() - date;
    const seconds = Math.round(Math.abs(differenceMs) / 1_000);
    if (Math.abs(differenceMs) <= uncertainMs) return { check, status: "ok", message: `Agrees with ${url.host}.` };
    const message = `This machine is ${seconds} s ${differenceMs < 0 ? "behind" : "ahead of"} ${url.host}.`;
    const remedy = "Let the system set its clock (systemd-timesyncd, chrony): tokens and signatures have times.";
    return { check, status: Math.abs(differenceMs) > harmfulMs ? "fail" : "warn", message, remedy };
  } catch (error) {
    const message = `${url.host} cannot be reached: ${describeFetchError(error)}.`;
    return {
      check: "Access",
      status: "fail",
      message,
      remedy: "Clients are refused while it does not answer. Correct the URL, or start it.",
    };
  }
}

function fileInFuture(dataFolder: string): readonly Finding[] {
  const file = databaseFacts(dataFolder);
  if (file === undefined || file.mtimeMs <= Date.now() + uncertainMs) return [];
  const message = `The clock is behind: documents were written at ${file.mtime.toISOString()}.`;
  return [{ check, status: "warn", message, remedy: "Let the system set its clock (systemd-timesyncd, chrony)." }];
}

/** Undefined if there is no database, or it cannot be reached, which the check of the data folder says. */
function databaseFacts(dataFolder: string): Stats | undefined {
  try {
    return statSync(join(dataFolder, "yurt.db"));
  } catch {
    return undefined;
  }
}
