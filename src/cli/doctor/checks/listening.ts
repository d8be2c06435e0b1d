import { createServer } from "node:net";
import { errorCode } from "../../../lib/error-code.ts";
import { describeStartError } from "../../output/start-errors.ts";
import type { Examination } from "../examination.ts";
import { describeFetchError, fetchLocally } from "../fetch-from.ts";
import type { Finding } from "../finding.ts";

const check = "Server";
/** A server that is not ready may have several reasons; another program may send a page of HTML. */
const longestAnswer = 300;

/** Whether the server answers on this machine; if it does not run, whether it could listen. */
export async function checkListening(examination: Examination): Promise<readonly Finding[]> {
  const { isRunning, values } = examination;
  if (isRunning) return [await checkReadiness(examination)];
  const http = values["tls.http-port"];
  const ports = [values.port, ...values["compat-ports"], ...(http === undefined ? [] : [http])].filter(
    (port) => port !== 0,
  );
  const findings = await Promise.all(ports.map((port) => checkPort(examination, port)));
  return [{ check, status: "ok", message: "Not running." }, ...findings];
}

async function checkReadiness({ localUrl }: Examination): Promise<Finding> {
  if (localUrl === undefined) return { check, status: "ok", message: "Running, on a port that the system has chosen." };
  const remedy = "Read its log. Give this command the settings of the server, as with --port or --config.";
  try {
    const response = await fetchLocally(`${localUrl}/readyz`);
    const text = (await response.text()).trim();
    if (response.ok && text === "ready") return { check, status: "ok", message: `Ready at ${localUrl}.` };
    const [line = ""] = text.split("\n", 1);
    return {
      check,
      status: "fail",
      message: `${localUrl}/readyz answers ${response.status} "${line.slice(0, longestAnswer)}".`,
      remedy,
    };
  } catch (error) {
    const message = `The server runs, but does not answer at ${localUrl}: ${describeFetchError(error)}.`;
    return { check, status: "fail", message, remedy };
  }
}

/** A listener of the system's own library fails with the same codes. */
async function checkPort({ values }: Examination, port: number): Promise<Finding> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host: values.host, exclusive: true }, resolve);
    });
    return { check: "Ports", status: "ok", message: `Port ${port} on ${values.host} is free.` };
  } catch (error) {
    const failure = Object.assign(new Error(), {
      code: errorCode(error),
      syscall: "listen",
      port,
      ...(port === values["tls.http-port"] && { setting: "tls.http-port" }),
    });
    const message =
      describeStartError(failure, values) ?? `Port ${port} on ${values.host} cannot be used (${errorCode(error)}).`;
    return { check: "Ports", status: "fail", message };
  } finally {
    server.close();
  }
}
