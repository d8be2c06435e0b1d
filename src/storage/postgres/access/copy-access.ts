import { createHash } from "node:crypto";
import type { SQL } from "bun";
import type { Revocation } from "../../../auth/revocation.ts";
import { AccessConflict, type AccessContent, type HashedApiKey } from "../../access/access-content.ts";
import { parseRevocation, revocationText } from "../../revocation-text.ts";
import { StoreError } from "../../store.ts";
import { repeatWhileBroken, translateErrors } from "../postgres-errors.ts";
import { readOneState, transact } from "../transact.ts";
import { readApiKeys } from "./api-key-table.ts";
import { countChange } from "./counted-table.ts";
import { insertRevocation } from "./revocation-table.ts";

/** Reads what access control keeps in a database. Rejects with `StoreError`. */
export async function readDatabaseAccess(pool: SQL, now: number): Promise<AccessContent> {
  return await translateErrors(() => readOneState(pool, (transaction) => readContent(transaction, now)));
}

/**
 * Adds what access control keeps elsewhere to a database, as far as it is missing: all together, or nothing. Rejects with
 * `AccessConflict` or `StoreError`.
 */
export async function addDatabaseAccess(content: AccessContent, pool: SQL): Promise<void> {
  const add = async (transaction: SQL) => {
    for (const [name, text] of content.secrets) await addSecret(name, text, transaction);
    for (const revocation of content.revocations) await addRevocation(revocation, transaction);
    await countChange("api-keys", transaction);
    for (const key of content.apiKeys) await addApiKey(key, transaction);
  };
  await translateErrors(() => repeatWhileBroken(() => transact(pool, add)));
}

async function readContent(transaction: SQL, now: number): Promise<AccessContent> {
  const secrets = await transaction<{ readonly name: string; readonly secret: string }[]>`
    SELECT name, secret FROM yurt_secrets ORDER BY name`;
  const revocations = await transaction<{ readonly id: string; readonly content: string }[]>`
    SELECT id, content FROM yurt_revocations ORDER BY version`;
  return {
    secrets: new Map(secrets.map(({ name, secret }) => [name, secret])),
    revocations: revocations.map(revocationOf).filter(({ until }) => now < until),
    apiKeys: await readApiKeys(transaction),
  };
}

function revocationOf({ content, id }: { readonly id: string; readonly content: string }): Revocation {
  const revocation = parseRevocation(content);
  if (revocation === undefined) throw new StoreError("corrupt", `The row ${id} of yurt_revocations is invalid.`);
  return revocation;
}

async function addSecret(name: string, text: string, transaction: SQL): Promise<void> {
  await transaction`INSERT INTO yurt_secrets (name, secret) VALUES (${name}, ${text}) ON CONFLICT (name) DO NOTHING`;
  const [kept] = await transaction<{ readonly secret: string }[]>`SELECT secret FROM yurt_secrets WHERE name = ${name}`;
  if (kept?.secret !== text) throw new AccessConflict(`secret ${name}`);
}

/** The same revocation has the same id, and is added once. */
async function addRevocation(revocation: Revocation, transaction: SQL): Promise<void> {
  const id = createHash("sha256").update(revocationText(revocation)).digest("hex");
  await insertRevocation(id, revocation, transaction);
}

async function addApiKey({ createdAt, hash, id, name, prefix, scope }: HashedApiKey, transaction: SQL): Promise<void> {
  const [other] = await transaction`SELECT id FROM yurt_api_keys WHERE name = ${name} AND id <> ${id}`;
  if (other !== undefined) throw new AccessConflict(`API key ${name}`);
  await transaction`
    INSERT INTO yurt_api_keys (id, name, scope, prefix, created_at, hash)
    VALUES (${id}, ${name}, ${scope}, ${prefix}, ${createdAt}::bigint, ${hash}) ON CONFLICT (id) DO NOTHING`;
}
