import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { sendToUnixSocket } from "../../../src/lib/system/notify-socket.ts";
import { NotifyReceiver } from "../../support/processes/network/notify-receiver.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";

const onLinux = test.skipIf(process.platform !== "linux");

onLinux("a text reaches the socket at a path, and one in the abstract namespace", async () => {
  const folder = await temporaryFolder();
  for (const address of [join(folder, "notify"), `@yurt-test-${process.pid}`]) {
    using receiver = new NotifyReceiver(address);
    expect(sendToUnixSocket(address, "READY=1\nSTATUS=Füße")).toBeTrue();
    expect(receiver.received).toEqual(["READY=1\nSTATUS=Füße"]);
  }
  await rm(folder, { recursive: true });
});

onLinux("an address that nobody has, is too long or is none is reported", () => {
  expect(
    ["/nobody/is/here", "@nobody", `/${"x".repeat(107)}`, "relative", "", "vsock:2:1"].map((address) =>
      sendToUnixSocket(address, "READY=1"),
    ),
  ).toEqual(Array.from({ length: 6 }, () => false));
});

onLinux("a receiver that reads nothing stops the sender for a second at most", () => {
  const address = `@yurt-full-${process.pid}`;
  using _ = new NotifyReceiver(address);
  let sent = 0;
  while (sendToUnixSocket(address, "READY=1")) sent += 1;
  expect(sent).toBeGreaterThan(0);
});
