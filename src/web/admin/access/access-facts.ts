import type { Administration, ServerSetting } from "../../../client/server/administration.ts";

export type AccessMode = "open" | "token" | "webhook";

/** The facts about access to the server that its settings tell. */
export interface AccessFacts {
  /** Undefined if unknown. */
  readonly mode: AccessMode | undefined;
  /** The URL at which others reach the server, if it is set. */
  readonly publicUrl: string | undefined;
  readonly storesDocuments: boolean;
}

/** The facts until they are known. */
export const unknownFacts: AccessFacts = { mode: undefined, publicUrl: undefined, storesDocuments: true };

export async function readAccessFacts(
  server: Pick<Administration, "configuration" | "get">,
  signal: AbortSignal,
): Promise<AccessFacts> {
  const [settings, { disk }] = await Promise.all([server.configuration({ signal }), server.get({ signal })]);
  return { ...accessFactsOf(settings), storesDocuments: disk !== null };
}

/** The mode and the public URL of a list of settings. */
export function accessFactsOf(settings: readonly ServerSetting[]): Omit<AccessFacts, "storesDocuments"> {
  const find = (key: string) => settings.find(({ setting }) => setting === key);
  const mode = find("auth.mode");
  const url = find("public-url")?.value;
  return {
    // Without a mode the server is open to programs on its machine.
    mode: mode === undefined ? undefined : modeOf(mode.value ?? "open"),
    publicUrl: typeof url === "string" ? url : undefined,
  };
}

function modeOf(value: unknown): AccessMode | undefined {
  return value === "open" || value === "token" || value === "webhook" ? value : undefined;
}
