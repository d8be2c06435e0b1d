import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { formatIpAddress } from "../../../src/lib/address/ip-address.ts";
import { connectTurn } from "../../../src/turn/client/sockets/connect-turn.ts";
import type { TurnClient } from "../../../src/turn/client/turn-client.ts";
import { mintCredential } from "../../../src/turn/credentials/credentials.ts";
import { eventually } from "../../support/eventually.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { Coturn } from "../../support/programs/coturn.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";

setDefaultTimeout(30_000);

const secret = "a secret of coturn";
const serverName = "turn.example.org";

describe.skipIf(isMissing("turnserver"))("our client and coturn", () => {
  let folder: string;
  let authority: TestAuthority;
  let coturn: Coturn;

  beforeAll(async () => {
    folder = await temporaryFolder();
    authority = await TestAuthority.create();
    coturn = await Coturn.start({ folder, realm: "coturn", secret, certificate: await authority.issue([serverName]) });
  });

  afterAll(async () => {
    await coturn[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  function connect(
    transport: "udp" | "tcp" | "tls",
    received: string[] = [],
    usedSecret = secret,
  ): Promise<TurnClient> {
    return connectTurn({
      ...{ transport, host: "127.0.0.1", port: transport === "tls" ? coturn.tlsPort : coturn.port },
      credential: mintCredential({ secret: usedSecret, user: "ann", expiresAt: Date.now() + 600_000 }),
      trust: { ca: authority.root, serverName },
      received: (ip, port, payload) => received.push(`${formatIpAddress(ip)} ${port} ${payload.toHex()}`),
    });
  }

  test.each(["udp", "tcp", "tls"] as const)(
    "relay data over %s, with indications and with channels",
    async (transport) => {
      const received: string[][] = [[], []];
      const [ann, ben] = [await connect(transport, received[0]), await connect(transport, received[1])];
      expect(formatIpAddress((await ann.binding()).ip)).toBe("127.0.0.1");
      const [{ relayed: atAnn }, { relayed: atBen, lifetimeMs }] = [await ann.allocate(), await ben.allocate()];
      expect(lifetimeMs).toBe(600_000);
      await Promise.all([ann.createPermission(atBen.ip), ben.createPermission(atAnn.ip)]);
      ann.send(atBen.ip, atBen.port, Uint8Array.of(1, 2, 3));
      await eventually("the indication arrives", () => received[1]?.length === 1);
      await Promise.all([ann.bindChannel(0x4000, atBen.ip, atBen.port), ben.bindChannel(0x4001, atAnn.ip, atAnn.port)]);
      ben.sendToChannel(0x4001, Uint8Array.of(4));
      ann.sendToChannel(0x4000, Uint8Array.of(5, 6, 7, 8, 9));
      await eventually("ChannelData arrives", () => received[0]?.length === 1 && received[1]?.length === 2);
      expect(received).toEqual([
        [`127.0.0.1 ${atBen.port} 04`],
        [`127.0.0.1 ${atAnn.port} 010203`, `127.0.0.1 ${atAnn.port} 0506070809`],
      ]);
      expect(await ann.refresh(0)).toBe(0);
      ann.close();
      ben.close();
    },
  );

  test("agree on what a wrong credential is", async () => {
    const client = await connect("udp", [], "another secret");
    const failure = await client.allocate().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 401 });
    client.close();
  });
});
