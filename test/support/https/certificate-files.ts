import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestAuthority } from "./test-authority.ts";

export interface CertificatePaths {
  readonly certificate: string;
  readonly key: string;
}

/** Issues a certificate and writes it and its key into the folder, over those of the call before. Returns their paths. */
export async function writeCertificate(
  folder: string,
  authority: TestAuthority,
  names: readonly string[],
): Promise<CertificatePaths> {
  const paths = { certificate: join(folder, "chain.pem"), key: join(folder, "key.pem") };
  const { chain, privateKey } = await authority.issue(names);
  await writeFile(paths.certificate, chain);
  await writeFile(paths.key, privateKey);
  return paths;
}
