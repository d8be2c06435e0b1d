import { describe, expect, test } from "bun:test";
import { userInfo } from "node:os";
import { describeStartError } from "../../../src/cli/output/start-errors.ts";
import { ForeignFile } from "../../../src/storage/own-file.ts";
import { DatabaseIsNewer } from "../../../src/storage/sqlite/migrations.ts";
import { StoreError } from "../../../src/storage/store.ts";
import { accepted } from "../../support/servers/configurations.ts";

const { values } = accepted({ YURT_COMPAT_PORTS: "8080", YURT_METRICS_LISTEN: "10.0.0.7:9464" });

const user = `user ${userInfo().username} (uid ${process.getuid?.()})`;
const full = "The disk of the data folder ./yurt-data is full. Free some space, or choose another folder with --data.";

function systemError(code: string, syscall?: string): Error {
  return Object.assign(new Error(code), { code }, syscall && { syscall });
}

describe("a server that cannot start", () => {
  test.each<[string, Error, string | undefined]>([
    [
      "on a port in use names the flag",
      systemError("EADDRINUSE", "listen"),
      "Port 4444 on 127.0.0.1 is in use. Choose another with --port, or stop the program that uses it.",
    ],
    [
      "on a compatibility port in use names its flag",
      Object.assign(systemError("EADDRINUSE", "listen"), { port: 8080 }),
      "Port 8080 on 127.0.0.1 is in use. Choose another with --compat-ports, or stop the program that uses it.",
    ],
    [
      "on a port for metrics in use names its flag and its address",
      Object.assign(systemError("EADDRINUSE", "listen"), { port: 9464, setting: "metrics.listen" }),
      "Port 9464 on 10.0.0.7 is in use. Choose another with --metrics-listen, or stop the program that uses it.",
    ],
    [
      "on an address for metrics of another machine names its flag",
      Object.assign(systemError("EADDRNOTAVAIL", "listen"), { port: 9464, setting: "metrics.listen" }),
      "This machine has no address 10.0.0.7. Choose another with --metrics-listen.",
    ],
    [
      "on a port of TURN in use names its flag",
      Object.assign(systemError("EADDRINUSE", "bind"), { port: 3478, setting: "turn.port" }),
      "Port 3478 on 127.0.0.1 is in use. Choose another with --turn-port, or stop the program that uses it.",
    ],
    [
      "on a TLS port of TURN that is not permitted names its flag",
      Object.assign(systemError("EACCES", "listen"), { port: 443, setting: "turn.tls-port" }),
      "Port 443 is not permitted. Ports below 1024 need root or setcap cap_net_bind_service=+ep; choose another with --turn-tls-port.",
    ],
    [
      "on an address of TURN of another machine names its flag",
      Object.assign(systemError("EADDRNOTAVAIL", "bind"), { port: 3478, setting: "turn.port" }),
      "This machine has no address 127.0.0.1. Choose another with --turn-listen.",
    ],
    [
      "on an address of another machine names the flag",
      systemError("EADDRNOTAVAIL", "listen"),
      "This machine has no address 127.0.0.1. Choose another with --host.",
    ],
    [
      "on a host name that does not resolve names the flag",
      systemError("ENOENT", "listen"),
      "The host name 127.0.0.1 cannot be resolved. Choose an address of this machine with --host.",
    ],
    [
      "on a link-local address without its interface names the form",
      systemError("EINVAL", "listen"),
      "The address 127.0.0.1 needs its interface: --host 127.0.0.1%eth0.",
    ],
    [
      "in a folder that cannot be created names the flag",
      systemError("ENOENT", "mkdir"),
      "The data folder ./yurt-data cannot be created (ENOENT). Choose another with --data.",
    ],
    [
      "on a port for root alone names the flag",
      systemError("EACCES", "listen"),
      "Port 4444 is not permitted. Ports below 1024 need root or setcap cap_net_bind_service=+ep; choose another with --port.",
    ],
    [
      "in a folder that it may not write names the flag",
      systemError("EACCES", "mkdir"),
      `The data folder ./yurt-data is not writable by ${user}. Choose another with --data.`,
    ],
    [
      "in a file names the flag",
      systemError("ENOTDIR", "mkdir"),
      "The data folder ./yurt-data is not a folder. Choose another with --data.",
    ],
    ["on a full disk says so", systemError("ENOSPC"), full],
    [
      "in a folder that another server uses names that process and the flag",
      Object.assign(new Error("The data folder /x is in use by process 7."), { name: "DataFolderLocked" }),
      "The data folder /x is in use by process 7. Stop that server, or choose another folder with --data.",
    ],
    [
      "with a link in the folder names it",
      new ForeignFile("/x/secrets.json", "is a link or no regular file."),
      "/x/secrets.json is a link or no regular file.",
    ],
    [
      "with documents that cannot be read says so",
      new StoreError("corrupt", "file is not a database"),
      "The documents in ./yurt-data cannot be read: file is not a database. Nothing was changed. " +
        "Restore a backup with yurt restore <file>; the damaged database is kept.",
    ],
    [
      "with documents of a newer release says so",
      new DatabaseIsNewer({ version: 9, known: 1, requiredRelease: "0.9.0" }),
      "The documents in ./yurt-data were written by a newer release of Yurt. The database has version 9; this release of Yurt knows " +
        "versions up to 1. Start Yurt 0.9.0 or newer.",
    ],
    ["on a disk that the store finds full says so", new StoreError("full", "database or disk is full"), full],
    ["while the store is unavailable is not explained away", new StoreError("unavailable", "I/O error"), undefined],
    ["for an error in Yurt is not explained away", new TypeError("x is not a function"), undefined],
    ["for an unknown reason of the system is not explained away", systemError("EIO", "open"), undefined],
  ])("%s", (_, error, message) => {
    expect(describeStartError(error, values)).toBe(message);
  });
});

test("Bun names the system call that could not listen", () => {
  const first = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port = 0 } = first;
  const again = () => Bun.serve({ hostname: "127.0.0.1", port, fetch: () => new Response() });
  expect(again).toThrow(expect.objectContaining({ code: "EADDRINUSE", syscall: "listen" }));
  first.stop(true);
});
