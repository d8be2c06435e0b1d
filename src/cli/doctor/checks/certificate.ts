import { isIP } from "node:net";
import { connect, type PeerCertificate } from "node:tls";
import { storedCertificate } from "../../../composition/diagnosis.ts";
import { httpsOptionsOf } from "../../../composition/settings/https/https-settings.ts";
import type { Examination } from "../examination.ts";
import type { Finding } from "../finding.ts";

const check = "Certificate";
const deadlineMs = 5_000;
const dayMs = 86_400_000;

/** The certificate of the server, and the one that clients of the public URL get. */
export async function checkCertificate(examination: Examination): Promise<readonly Finding[]> {
  return [...checkStored(examination), ...(await checkPresented(examination))];
}

/** The certificate that the server has, or would start with. */
function checkStored({ values }: Examination): readonly Finding[] {
  const https = httpsOptionsOf(values);
  if (https === undefined) return [];
  try {
    const stored = storedCertificate(https, values.data);
    if (stored === undefined) {
      return [{ check, status: "ok", message: "The server has none yet. It gets one when it starts." }];
    }
    return [
      ageFinding("The certificate of the server", stored),
      ...stored.missing.map((domain): Finding => {
        const message = `The certificate of the server does not name ${domain}.`;
        const remedy =
          https.files === undefined
            ? "The server gets another one when it starts. If it does not, read its log."
            : "Get a certificate for all names in domain, and replace the files.";
        return { check, status: "warn", message, remedy };
      }),
    ];
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
    const remedy = "Correct the files of --tls-cert and --tls-key.";
    return [{ check, status: "fail", message: `The certificate of the server cannot be used: ${reason}.`, remedy }];
  }
}

async function checkPresented({ values }: Examination): Promise<readonly Finding[]> {
  const publicUrl = values["public-url"];
  if (publicUrl?.protocol !== "https:") return [];
  const hostname = publicUrl.hostname.replace(/^\[(.*)\]$/, "$1");
  try {
    const { certificate, refusal } = await presentedBy(hostname, Number(publicUrl.port || 443));
    if (refusal !== undefined) {
      const remedy = "Renew it, or install one of an authority that browsers accept, with its intermediates.";
      return [{ check, status: "fail", message: `Clients refuse the certificate of ${hostname}: ${refusal}.`, remedy }];
    }
    const life = { validFrom: Date.parse(certificate.valid_from), expiresAt: Date.parse(certificate.valid_to) };
    return [ageFinding(`The certificate of ${hostname}`, life)];
  } catch {
    // The check of the public URL says that nothing answers.
    return [];
  }
}

interface Life {
  /** Epoch milliseconds. */
  readonly validFrom: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** A certificate is renewed when a third of its life is left: with half of that, something keeps it from being renewed. */
export function ageFinding(subject: string, { validFrom, expiresAt }: Life, now = Date.now()): Finding {
  const leftMs = expiresAt - now;
  const remedy = "Find out why it is not renewed: read the log of the program that renews it.";
  if (leftMs <= 0) {
    return {
      check,
      status: "fail",
      message: `${subject} expired at ${new Date(expiresAt).toISOString()}.`,
      remedy,
    };
  }
  const message = `${subject} is valid for another ${Math.floor(leftMs / dayMs)} days.`;
  return leftMs > (expiresAt - validFrom) / 6
    ? { check, status: "ok", message }
    : { check, status: "warn", message, remedy };
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
