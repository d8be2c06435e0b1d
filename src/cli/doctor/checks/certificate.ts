import { isIP } from "node:net";
import { connect, type PeerCertificate } from "node:tls";
import type { Examination } from "../examination.ts";
import type { Finding } from "../finding.ts";

const check = "Certificate";
const deadlineMs = 5_000;
const dayMs = 86_400_000;
/** A certificate of an ACME authority is renewed when a third of its 90 days is left. */
const soonMs = 14 * dayMs;

/** The certificate that clients of the public URL get. */
export async function checkCertificate({ values }: Examination): Promise<readonly Finding[]> {
  const publicUrl = values["public-url"];
  if (publicUrl?.protocol !== "https:") return [];
  const hostname = publicUrl.hostname.replace(/^\[(.*)\]$/, "$1");
  try {
    const { certificate, refusal } = await presentedBy(hostname, Number(publicUrl.port || 443));
    if (refusal !== undefined) {
      const remedy = "Renew it, or install one of an authority that browsers accept, with its intermediates.";
      return [{ check, status: "fail", message: `Clients refuse the certificate of ${hostname}: ${refusal}.`, remedy }];
    }
    return [ageFinding(hostname, Date.parse(certificate.valid_to))];
  } catch {
    // The check of the public URL says that nothing answers.
    return [];
  }
}

function ageFinding(hostname: string, expiresAt: number): Finding {
  const days = Math.floor((expiresAt - Date.now()) / dayMs);
  const message = `The certificate of ${hostname} is valid for another ${days} days.`;
  if (expiresAt - Date.now() > soonMs) return { check, status: "ok", message };
  return {
    check,
    status: "warn",
    message,
    remedy: "Find out why it is not renewed: read the log of whatever does HTTPS.",
  };
}

interface Presented {
  readonly certificate: PeerCertificate;
  /** Why a client would refuse it; undefined if it would not. */
  readonly refusal: string | undefined;
}

function presentedBy(hostname: string, port: number): Promise<Presented> {
  const { promise, resolve, reject } = Promise.withResolvers<Presented>();
  // A server name in TLS is never an address (RFC 6066 §3).
  const name = isIP(hostname) === 0 ? { servername: hostname } : {};
  const socket = connect({ host: hostname, port, ...name, rejectUnauthorized: false }, () => {
    const error = socket.authorizationError;
    const certificate = socket.getPeerCertificate();
    resolve({ certificate, refusal: socket.authorized ? undefined : describe(error) });
    socket.end();
  });
  socket.setTimeout(deadlineMs, () => socket.destroy(new Error("no answer")));
  socket.once("error", reject);
  return promise;
}

function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.toLowerCase().replaceAll("_", " ").replace(/\.$/, "");
}
