import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { writeCertificate } from "../../support/https/certificate-files.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { runTurnTestClient } from "../../support/programs/turn-test-client.ts";
import { startTestServer, type TestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";

setDefaultTimeout(60_000);

const secret = "secret-of-a-test-that-coturns-client-knows-too";

/**
 * The modes of coturn's test client. Always `-c`: without it, it asks for a pair of ports (EVEN-PORT with R), which this
 * server refuses with 508. `-n` packets of each of `-m` clients; `-y` makes pairs of clients.
 */
const modes: readonly (readonly [mode: string, args: readonly string[], sent: number])[] = [
  ["channels to a peer", ["-n", "20", "-m", "2"], 40],
  ["Send indications to a peer", ["-s", "-n", "20", "-m", "2"], 40],
  ["TCP", ["-t", "-n", "20", "-m", "2"], 40],
  ["Send indications over TCP", ["-t", "-s", "-n", "20", "-m", "2"], 40],
  ["requests for permissions and channels beyond need", ["-G", "-n", "20", "-m", "1"], 20],
  ["an IPv4 address asked for by its family", ["-X", "-n", "20", "-m", "1"], 20],
  ["IPv6 relayed addresses", ["-x", "-n", "20", "-m", "1"], 20],
  ["large packets", ["-l", "1400", "-n", "20", "-m", "2"], 40],
  ["TLS", ["-t", "-S", "-n", "20", "-m", "2"], 40],
];

const pairModes: readonly (readonly [mode: string, args: readonly string[], sent: number])[] = [
  ["channels between two clients", ["-y", "-n", "20", "-m", "1"], 40],
  ["Send indications between two clients", ["-y", "-s", "-n", "20", "-m", "1"], 40],
  ["TCP between two clients", ["-y", "-t", "-n", "20", "-m", "1"], 40],
];

describe.skipIf(isMissing("turnserver"))("coturn's test client loses nothing with", () => {
  let server: TestServer;
  let folder: string;
  const echoes = new Map<string, Bun.udp.Socket<"buffer">>();

  beforeAll(async () => {
    folder = await temporaryFolder();
    const files = await writeCertificate(folder, await TestAuthority.create(), ["localhost"]);
    server = await startTestServer({
      turn: { secrets: [secret], listen: ["127.0.0.1", "::1"] },
      https: { domains: ["localhost"], files },
    });
    for (const address of ["127.0.0.1", "::1"]) echoes.set(address, await openEcho(address));
  });

  afterAll(async () => {
    for (const echo of echoes.values()) echo.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (args: readonly string[]) => {
    const { port = 0, tlsPort = 0 } = server.turn.listening ?? {};
    return runTurnTestClient({ port: args.includes("-S") ? tlsPort : port, secret, args: ["-c", ...args] });
  };
  const toPeer = (address = "127.0.0.1") => ["-e", address, "-r", `${echoes.get(address)?.port}`];

  test.concurrent.each(modes)("%s", async (_, args, sent) => {
    const address = args.includes("-x") ? "::1" : "127.0.0.1";
    const result = await run([...args, ...toPeer(address)]);
    expect(result).toMatchObject({ sent, received: sent, lost: 0 });
  });

  test.concurrent.each(pairModes)("%s", async (_, args, sent) => {
    expect(await run(args)).toMatchObject({ sent, received: sent, lost: 0 });
  });

  test.concurrent("its negative tests, which end with the error that coturn answers, too", async () => {
    const { lost, output } = await run(["-N", ...toPeer()]);
    expect(lost).toBeUndefined();
    expect(output).toMatch(/^(\d+: : channel bind: error 400 \(.*\)\n)+$/);
  });
});

/** A peer that sends back what it receives. */
async function openEcho(hostname: string): Promise<Bun.udp.Socket<"buffer">> {
  return Bun.udpSocket({
    hostname,
    binaryType: "buffer",
    socket: {
      data: (socket, bytes, port, address) => {
        socket.send(bytes, port, address);
      },
      error: () => {},
    },
  });
}
