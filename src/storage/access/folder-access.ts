import { join } from "node:path";
import type { Clock } from "../../lib/time/clock.ts";
import { ApiKeysFile } from "../api-keys-file.ts";
import { RevocationFile } from "../revocation-log.ts";
import { revocationText } from "../revocation-text.ts";
import { loadOrCreateSecret, readSecrets, secretsName } from "../secrets/secrets-file.ts";
import { AccessConflict, type AccessContent } from "./access-content.ts";

/**
 * Reads what access control keeps in a data folder, which no server uses. Throws `SecretsFileUnreadable`,
 * `RevocationsUnreadable`, `ApiKeysUnreadable` or the system's error.
 */
export async function readFolderAccess(folder: string, clock: Clock): Promise<AccessContent> {
  const log = new RevocationFile(folder, clock);
  await log.close();
  return {
    secrets: readSecrets(join(folder, secretsName)),
    revocations: log.load(),
    apiKeys: new ApiKeysFile(folder, clock).hashed(),
  };
}

/**
 * Adds what access control keeps elsewhere to a data folder that no server uses, as far as it is missing. Throws
 * `AccessConflict` before it has written anything, and the errors of `readFolderAccess`.
 */
export async function addFolderAccess(folder: string, content: AccessContent, clock: Clock): Promise<void> {
  const present = await readFolderAccess(folder, clock);
  for (const [name, text] of content.secrets)
    if ((present.secrets.get(name) ?? text) !== text) throw new AccessConflict(`secret ${name}`);
  const ids = new Set(present.apiKeys.map(({ id }) => id));
  const missing = content.apiKeys.filter(({ id }) => !ids.has(id));
  for (const { name } of missing)
    if (present.apiKeys.some((key) => key.name === name)) throw new AccessConflict(`API key ${name}`);
  for (const [name, text] of content.secrets) loadOrCreateSecret(folder, name, () => text);
  if (missing.length > 0) new ApiKeysFile(folder, clock).add(missing);
  const known = new Set(present.revocations.map(revocationText));
  const log = new RevocationFile(folder, clock);
  try {
    for (const each of content.revocations) if (!known.has(revocationText(each))) await log.append(each);
  } finally {
    await log.close();
  }
}
