import { Problem } from "../../api/problems.ts";
import { MomentUnknown } from "../history/document-history.ts";
import { refusing } from "./content-routes.ts";

/** Runs a task on the history of a document, and turns its refusals into problems. */
export async function historyProblem<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await refusing(task);
  } catch (error) {
    if (!(error instanceof MomentUnknown)) throw error;
    throw new Problem("moment-unknown", "It is before the history of the document, or in a part without one.");
  }
}
