import { lastValue } from "../../data/loaded.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";

const most = 8;

/** The first names of documents that begin with a text, as suggestions; none if they cannot be read. */
export function useDocumentNames(prefix: string): readonly string[] {
  const { client } = useSession();
  const { state } = useRead({ key: prefix, read: (signal) => client.page({ prefix, limit: most, signal }) });
  return (lastValue(state)?.items ?? []).map(({ name }) => name);
}
