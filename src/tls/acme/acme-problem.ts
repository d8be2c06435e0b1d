import * as v from "valibot";

const problemSchema = v.object({ type: v.string(), detail: v.optional(v.string(), "") });

/** The names of ACME's errors have this in front (RFC 8555 §6.7). */
const namePrefix = "urn:ietf:params:acme:error:";

/** The authority has refused a request, or could not validate a domain. */
export class AcmeProblem extends Error {
  override readonly name = "AcmeProblem";
  /** The name of RFC 8555 §6.7, such as `rateLimited`. */
  readonly type: string;

  /** `subject` is the domain or the request that failed. */
  constructor(type: string, detail: string, subject: string) {
    super(`${subject}: ${detail === "" ? type : detail}`);
    this.type = type;
  }
}

/** Reads a problem document (RFC 7807); undefined for anything else. */
export function readProblem(document: unknown, subject: string): AcmeProblem | undefined {
  const parsed = v.safeParse(problemSchema, document);
  if (!parsed.success) return undefined;
  return new AcmeProblem(parsed.output.type.replace(namePrefix, ""), parsed.output.detail, subject);
}

const remedies: Readonly<Record<string, string>> = {
  dns: "Let the DNS records of the domain (A, AAAA) point to this machine.",
  connection:
    "Open port 80 to the internet: the authority reads its challenge there. If it is forwarded to another port here, name that one with --tls-http-port.",
  unauthorized:
    "Another server answers on port 80 of the domain. Let its DNS records point to this machine, and to no other.",
  incorrectResponse:
    "Another server answers on port 80 of the domain. Let its DNS records point to this machine, and to no other.",
  rateLimited: "The authority limits the number of certificates. Wait until the time that it names.",
  rejectedIdentifier: "The authority issues no certificate for this domain. Correct the domain.",
  caa: "The CAA record of the domain does not permit this authority. Add it to the record.",
  externalAccountRequired:
    "This authority needs an external account, which is not supported. Choose another with --tls-acme-directory.",
  invalidContact: "Correct --tls-acme-email.",
  unsupportedContact: "Correct --tls-acme-email.",
};

/** The remedy for an order that failed with this error. */
export function remedyFor(error: unknown): string {
  const known = error instanceof AcmeProblem ? remedies[error.type] : undefined;
  return known ?? "The authority may be unreachable. Check the network of this machine and --tls-acme-directory.";
}
