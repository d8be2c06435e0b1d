import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { tryIceServer } from "../../src/composition/turn/try-ice-server.ts";
import { Workshop } from "../support/processes/data-folder.ts";
import { yurt } from "../support/processes/run-program.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

let workshop: Workshop;
let data: string;

beforeEach(() => {
  workshop = new Workshop();
  data = workshop.file("data");
});

afterEach(() => workshop[Symbol.dispose]());

const mint = (...args: readonly string[]) => yurt(["turn-credentials", "--data", data, "--turn-port", "3478", ...args]);

/** The credentials in what the command has printed. */
function credentialsIn(out: string): { readonly username: string; readonly credential: string } {
  const { iceServers } = JSON.parse(out);
  return iceServers.find(({ credential }: { readonly credential?: string }) => credential !== undefined);
}

describe("yurt turn-credentials", () => {
  test("prints what RTCPeerConnection takes, with credentials that the server of the folder accepts", async () => {
    const { code, out } = await mint("--user", "ann", "--ttl", "10m");
    expect(code).toBe(0);
    const own = "127.0.0.1:3478";
    expect(JSON.parse(out)).toEqual({
      iceServers: [
        { urls: [`stun:${own}`] },
        {
          urls: [`turn:${own}?transport=udp`, `turn:${own}?transport=tcp`],
          username: expect.stringMatching(/^\d{10}:[\w-]{16}$/),
          credential: expect.stringMatching(/^[\w+/]{27}=$/),
        },
      ],
    });
    const { username, credential } = credentialsIn(out);
    const leftMs = Number(username.split(":")[0]) * 1_000 - Date.now();
    expect(Math.round(leftMs / 60_000)).toBe(10);
    await using server = await startTestServer({ dataFolder: data, turn: {} });
    const url = `turn:127.0.0.1:${server.turn.listening?.port}?transport=udp`;
    expect(await tryIceServer(url, { credential: { username, credential }, timeoutMs: 5_000 })).toMatchObject({
      outcome: "works",
    });
  });

  test("fails for a server that stores nothing and has another secret at each start, unless one is given", async () => {
    const { code, err, out } = await mint("--no-sync", "--auth-mode", "open");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("--turn-secret");
    expect(existsSync(data)).toBe(false);
    const given = await mint("--no-sync", "--auth-mode", "open", "--turn-secret", "s".repeat(32));
    expect(given.code).toBe(0);
  });

  test("says that a secret is new, as no server in another folder accepts what it has signed", async () => {
    expect((await mint()).err).toBe(
      `yurt: The TURN secret in ${data}/secrets.json is new. Use the data folder of the server (--data), or it refuses the credentials.\n`,
    );
    expect((await mint()).err).toBe("");
  });

  test("prints one line with --json, which has the lifetime: that of the settings", async () => {
    const { out } = await mint("--json", "--turn-ttl", "2h");
    expect(out.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(out)).toMatchObject({ ttl: 7_200 });
  });

  test("gives each user one name", async () => {
    const nameOf = async (...args: readonly string[]) =>
      credentialsIn((await mint(...args)).out).username.replace(/^\d+:/, "");
    expect(await nameOf("--user", "ann")).toBe(await nameOf("--user", "ann"));
    expect(await nameOf("--user", "ann")).not.toBe(await nameOf("--user", "ben"));
    expect(await nameOf()).toBe(await nameOf());
  });

  test("mints for other servers with the secret of the settings", async () => {
    const secret = "the-secret-of-coturn-of-at-least-32-bytes";
    const environment = { YURT_TURN_SECRET: secret };
    const args = ["--no-turn", "--turn-advertise", "turn:turn.example.com:3478?transport=udp", "--data", data];
    const { out, err } = await yurt(["turn-credentials", ...args], { environment });
    expect(err).toBe("");
    const { username, credential } = credentialsIn(out);
    expect(credential).toBe(new Bun.CryptoHasher("sha1", secret).update(username).digest("base64"));
  });

  test.each<[code: number, message: string, args: readonly string[]]>([
    [2, 'Invalid --ttl "soon". Use a duration such as 90s', ["--ttl", "soon"]],
    [2, "Invalid --ttl. Credentials are valid for at most 24h.", ["--ttl", "25h"]],
    [2, 'Invalid --user "". Use 1 to 1024 characters', ["--user", ""]],
    [1, "There is no TURN server to mint credentials for. Remove --no-turn", ["--no-turn"]],
    [78, 'turn.ttl = "soon"', ["--turn-ttl", "soon"]],
  ])("ends with %i, and says why: %s", async (code, message, args) => {
    const { code: ended, out, err } = await mint(...args);
    expect([ended, out]).toEqual([code, ""]);
    expect(err).toContain(message);
  });
});
