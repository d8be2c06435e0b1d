import type { SQL } from "bun";
import { type Secret, type SecretName, type SecretSource, secretGenerators } from "../../secrets/own-secrets.ts";
import { StoreError } from "../../store.ts";
import { repeatWhileBroken } from "../postgres-errors.ts";
import { transact } from "../transact.ts";

/**
 * Reads all secrets of a server, and generates those that are missing: nodes that start at the same time have the same
 * ones. They stay as they are until the process ends.
 */
export async function openDatabaseSecrets(pool: SQL): Promise<SecretSource> {
  const secrets = await repeatWhileBroken(() => transact(pool, loadSecrets));
  return {
    load: (name) => {
      const secret = secrets.get(name);
      if (secret === undefined) throw new Error(`There is no secret ${name}.`);
      return secret;
    },
    unreadable: (problem) => new StoreError("corrupt", `The table yurt_secrets ${problem}.`),
  };
}

async function loadSecrets(transaction: SQL): Promise<ReadonlyMap<SecretName, Secret>> {
  const secrets = new Map<SecretName, Secret>();
  for (const name of Object.keys(secretGenerators) as SecretName[]) {
    const known = await readSecret(name, transaction);
    secrets.set(name, known === undefined ? await createSecret(name, transaction) : { text: known, isNew: false });
  }
  return secrets;
}

async function createSecret(name: SecretName, transaction: SQL): Promise<Secret> {
  const text = secretGenerators[name]();
  // This waits for another node that creates it at the same time. The next statement sees what that one has committed.
  await transaction`INSERT INTO yurt_secrets (name, secret) VALUES (${name}, ${text}) ON CONFLICT (name) DO NOTHING`;
  const kept = (await readSecret(name, transaction)) ?? text;
  return { text: kept, isNew: kept === text };
}

async function readSecret(name: SecretName, sql: SQL): Promise<string | undefined> {
  const [found] = await sql<{ readonly secret: string }[]>`SELECT secret FROM yurt_secrets WHERE name = ${name}`;
  return found?.secret;
}
