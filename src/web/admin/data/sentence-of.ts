import { YurtError } from "../../../client/errors.ts";

/** The reason of a failure in a sentence for people. */
export function sentenceOf(error: unknown): string {
  if (error instanceof YurtError) {
    if (error.code === "no-such-route") return "This server has no documents and no webhooks: it runs with --no-sync.";
    const faults = error.errors.filter(({ detail }) => detail !== error.message);
    return [error.message, ...faults.map(({ detail, pointer }) => `${pointer}: ${detail.replace(/\.$/, "")}.`)].join(
      " ",
    );
  }
  if (error instanceof TypeError) return "The server does not answer.";
  return error instanceof Error ? error.message : String(error);
}
