import { describe, expect, test } from "bun:test";
import { AddressRanges } from "../../../src/lib/address/address-ranges.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createLog } from "../../../src/ops/log.ts";
import { ForwardedAddresses } from "../../../src/transport/admission/forwarded-address.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp(...proxies: string[]) {
  const warnings: unknown[] = [];
  const clock = new FakeClock();
  const destination = { write: (line: string) => void warnings.push(JSON.parse(line)) };
  const log = createLog({ level: "info", pretty: false, destination });
  const counted = new CountedAddresses();
  const addresses = new ForwardedAddresses({
    proxies: new AddressRanges(proxies),
    addresses: counted,
    clock,
    log,
  });
  const ask = (peer: string, forwardedFor: string | null) =>
    addresses.of(peer, new Headers(forwardedFor === null ? {} : { "x-forwarded-for": forwardedFor }));
  return { ask, counted, clock, warnings };
}

const proxies = ["127.0.0.1", "192.0.2.0/24", "fd00::/8"];

test.each([
  ["a client that forwards nothing", "198.51.100.7", null, "198.51.100.7"],
  ["a client that claims to be another", "198.51.100.7", "203.0.113.9", "198.51.100.7"],
  ["a proxy that names nobody", "127.0.0.1", null, "127.0.0.1"],
  ["a proxy that names a client", "127.0.0.1", "198.51.100.7", "198.51.100.7"],
  ["a proxy in IPv6's writing", "::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"],
  ["a proxy of a range", "192.0.2.200", "198.51.100.7", "198.51.100.7"],
  ["a proxy of a range of IPv6", "fd12::1", "198.51.100.7", "198.51.100.7"],
  ["a client that claims to be another, behind a proxy", "127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"],
  ["a client that claims to be a proxy, behind a proxy", "127.0.0.1", "192.0.2.1, 198.51.100.7", "198.51.100.7"],
  ["two proxies", "127.0.0.1", "198.51.100.7, 192.0.2.1", "198.51.100.7"],
  ["two proxies in the writings of IPv6", "127.0.0.1", "198.51.100.7, ::ffff:192.0.2.1", "198.51.100.7"],
  ["proxies alone", "127.0.0.1", "192.0.2.1", "192.0.2.1"],
  ["proxies alone, of which one asks for itself", "127.0.0.1", "192.0.2.1, 192.0.2.2", "192.0.2.1"],
  ["an empty list", "127.0.0.1", "", "127.0.0.1"],
  ["a list of nothing", "127.0.0.1", " , ", "127.0.0.1"],
  ["a list with gaps", "127.0.0.1", "203.0.113.9, 198.51.100.7, ,", "198.51.100.7"],
  ["what is no address", "127.0.0.1", "unknown", "127.0.0.1"],
  ["what is no address, before a client", "127.0.0.1", "unknown, 198.51.100.7", "198.51.100.7"],
  ["what is no address, behind a client", "127.0.0.1", "198.51.100.7, _hidden", "127.0.0.1"],
  ["what is no address, behind two proxies", "127.0.0.1", "198.51.100.7, _hidden, 192.0.2.1", "192.0.2.1"],
  ["an address with a port", "127.0.0.1", "198.51.100.7:50000", "198.51.100.7"],
  ["an IPv6 address", "127.0.0.1", "2001:db8::7", "2001:db8::7"],
  ["an IPv6 address in brackets", "127.0.0.1", "[2001:db8::7]:50000", "2001:db8::7"],
])("%s is known by its address", (_, peer, forwardedFor, address) => {
  expect(setUp(...proxies).ask(peer, forwardedFor)).toBe(address);
});

describe("the log reports a proxy that may be missing in the settings", () => {
  test("once in ten minutes, for all senders of the header together", () => {
    const { ask, clock, warnings } = setUp(...proxies);
    ask("198.51.100.7", "203.0.113.9");
    expect(warnings).toMatchObject([
      {
        event: "forwarded-for-ignored",
        peer: "198.51.100.7",
        reason: "limits-kept",
        remedy: expect.stringContaining("--proxy-trusted 198.51.100.7"),
      },
    ]);
    expect(JSON.stringify(warnings)).not.toContain("203.0.113.9");
    for (let count = 1; count < 100; count += 1) ask(`198.51.100.${count}`, "203.0.113.9");
    clock.advance(599_999);
    ask("198.51.100.8", "203.0.113.9");
    expect(warnings).toHaveLength(1);
    clock.advance(1);
    ask("198.51.100.9", "203.0.113.9");
    ask("198.51.100.10", "203.0.113.9");
    expect(warnings).toMatchObject([{}, { peer: "198.51.100.9" }]);
  });

  test("with the limits per address lifted for a private one, even after a warning about a public one", () => {
    const { ask, counted, warnings } = setUp();
    expect(ask("198.51.100.7", "203.0.113.9")).toBe("198.51.100.7");
    expect(ask("::ffff:172.17.0.2", "203.0.113.9")).toBe("172.17.0.2");
    for (let count = 1; count < 100; count += 1) ask("172.17.0.2", "203.0.113.9");
    expect(warnings).toMatchObject([
      { peer: "198.51.100.7", reason: "limits-kept" },
      { peer: "172.17.0.2", reason: "limits-lifted" },
    ]);
    expect([counted.keyOf("172.17.0.2"), counted.keyOf("172.17.0.3")]).toEqual([undefined, "172.17.0.3"]);
    expect(counted.keyOf("198.51.100.7")).toBe("198.51.100.7");
  });

  test("and not for a listed proxy, or for a client without the header", () => {
    const { ask, warnings } = setUp(...proxies);
    ask("198.51.100.7", null);
    ask("192.0.2.9", "198.51.100.7");
    ask("192.0.2.9", "unknown");
    expect(warnings).toEqual([]);
  });
});
