import { afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { monotonicMicroseconds } from "../../../src/lib/system/monotonic-time.ts";
import { ensureExecutable, Run } from "../../support/processes/executable.ts";
import { NotifyReceiver } from "../../support/processes/network/notify-receiver.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";

setDefaultTimeout(60_000);

let folder: string;

beforeAll(ensureExecutable);
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function serve(environment: Readonly<Record<string, string>>): Run {
  return new Run({ folder, args: ["--port", "0"], environment });
}

describe.skipIf(process.platform !== "linux")("systemd is told by the executable", () => {
  test("when it is ready, reloads and stops", async () => {
    const socket = join(folder, "notify");
    using receiver = new NotifyReceiver(socket);
    await using server = serve({ NOTIFY_SOCKET: socket });
    const status = `READY=1\nSTATUS=Serving at http://127.0.0.1:${await server.port()}`;
    expect(await receiver.has(1, "READY=1")).toEqual([status]);
    const before = monotonicMicroseconds() ?? 0n;
    server.kill("SIGHUP");
    expect(await receiver.has(2, "READY=1")).toEqual([status, status]);
    const [reloading = ""] = await receiver.has(1, "RELOADING=1\nMONOTONIC_USEC=");
    const time = BigInt(reloading.split("MONOTONIC_USEC=")[1] ?? "0");
    expect([time > before, time < (monotonicMicroseconds() ?? 0n)]).toEqual([true, true]);
    server.kill("SIGTERM");
    expect(await receiver.has(1, "STOPPING=1")).toEqual(["STOPPING=1\nSTATUS=Stopping\nEXTEND_TIMEOUT_USEC=70000000"]);
    expect((await server.ended()).code).toBe(0);
    expect(receiver.received.map((text) => text.split("=")[0])).toEqual(["READY", "RELOADING", "READY", "STOPPING"]);
  });

  test("that it lives, if it watches this process", async () => {
    const name = `@yurt-watchdog-${process.pid}`;
    using receiver = new NotifyReceiver(name);
    {
      await using _ = serve({ NOTIFY_SOCKET: name, WATCHDOG_USEC: "200000" });
      await receiver.has(4, "WATCHDOG=1");
    }
    const count = receiver.received.length;
    await using other = serve({ NOTIFY_SOCKET: name, WATCHDOG_USEC: "200000", WATCHDOG_PID: "1" });
    await other.port();
    await Bun.sleep(300);
    expect(receiver.received.slice(count).map((text) => text.split("=")[0])).toEqual(["READY"]);
  });
});
