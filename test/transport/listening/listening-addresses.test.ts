import { describe, expect, test } from "bun:test";
import { listenOnAll } from "../../../src/transport/listening/listening-addresses.ts";

/** A machine that fails to listen on an address and port with a code, and remembers what listens. */
function machine(failure: (address: string, port: number) => string | undefined = () => undefined) {
  const open = new Set<string>();
  let freePort = 50_000;
  const listen = (address: string, asked: number) => {
    const port = asked === 0 ? freePort++ : asked;
    const code = failure(address, port);
    if (code !== undefined) throw Object.assign(new Error(code), { code, syscall: "listen" });
    const name = `${address} ${port}`;
    open.add(name);
    return { port, stop: () => open.delete(name) };
  };
  return { open, listenOn: (host: string, port: number) => listenOnAll({ host, port, listen }) };
}

describe("localhost", () => {
  test.each(["localhost", "LOCALHOST", "localhost."])("as %s is both loopback addresses on one port", (host) => {
    const { open, listenOn } = machine();
    listenOn(host, 0);
    expect([...open]).toEqual(["127.0.0.1 50000", "::1 50000"]);
  });

  test.each(["EADDRNOTAVAIL", "EAFNOSUPPORT"])("is IPv4 alone on a machine without ::1 (%s)", (code) => {
    const { open, listenOn } = machine((address) => (address === "::1" ? code : undefined));
    listenOn("localhost", 4444);
    expect([...open]).toEqual(["127.0.0.1 4444"]);
  });

  test("takes another free port when the first is in use on the other address", () => {
    const isUsed = (address: string, port: number) => address === "::1" && port < 50_002;
    const { open, listenOn } = machine((address, port) => (isUsed(address, port) ? "EADDRINUSE" : undefined));
    listenOn("localhost", 0);
    expect([...open]).toEqual(["127.0.0.1 50002", "::1 50002"]);
  });

  test("fails with the system's error when a given port is in use on one address, and then listens nowhere", () => {
    const { open, listenOn } = machine((address) => (address === "::1" ? "EADDRINUSE" : undefined));
    expect(() => listenOn("localhost", 4444)).toThrow("EADDRINUSE");
    expect([...open]).toEqual([]);
    expect(() => listenOn("localhost", 0)).toThrow("EADDRINUSE");
    expect([...open]).toEqual([]);
  });

  test("fails when this machine has neither address", () => {
    expect(() => machine(() => "EADDRNOTAVAIL").listenOn("localhost", 0)).toThrow("EADDRNOTAVAIL");
  });
});

test.each(["127.0.0.1", "::1", "::", "app.localhost"])("%s is one address", (host) => {
  const { open, listenOn } = machine();
  listenOn(host, 4444);
  expect([...open]).toEqual([`${host} 4444`]);
});

test.each(["EADDRNOTAVAIL", "EAFNOSUPPORT"])(
  "all addresses are those of IPv4 on a machine without IPv6 (%s)",
  (code) => {
    const { open, listenOn } = machine((address) => (address === "::" ? code : undefined));
    listenOn("::", 4444);
    expect([...open]).toEqual(["0.0.0.0 4444"]);
    expect(() => machine(() => "EADDRINUSE").listenOn("::", 4444)).toThrow("EADDRINUSE");
  },
);
