/**
 * Opens six sockets at a server where one address may have three, from the private address that is its argument, and
 * prints how many were accepted: of clients without and with `X-Forwarded-For`.
 */
import { recordedLog } from "../../fakes/recorded-log.ts";
import { startTestServer } from "../../servers/start-test-server.ts";

const [address = ""] = process.argv.slice(2);

async function accepted(headers: Readonly<Record<string, string>>) {
  const { log, events } = recordedLog();
  await using server = await startTestServer({ host: "0.0.0.0", limits: { connectionsPerAddress: 3 }, log });
  const opening = Array.from({ length: 6 }, async () => {
    const socket = new WebSocket(`ws://${address}:${server.port}/signal`, { headers });
    return new Promise<boolean>((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onclose = () => resolve(false);
    });
  });
  const opened = await Promise.all(opening);
  return { accepted: opened.filter((isOpen) => isOpen).length, events };
}

const report = { direct: await accepted({}), forwarded: await accepted({ "x-forwarded-for": "198.51.100.7" }) };
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
