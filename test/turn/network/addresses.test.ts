import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { hostAddresses, interfaceAddresses } from "../../../src/turn/network/host-addresses.ts";
import { mappedAddress } from "../../../src/turn/network/mapped-address.ts";
import { outgoingAddress } from "../../../src/turn/network/outgoing-address.ts";
import { UdpPeer } from "../../support/turn/udp-peer.ts";

let closing: AsyncDisposableStack;
beforeEach(() => {
  closing = new AsyncDisposableStack();
});
afterEach(() => closing.disposeAsync());

describe("the addresses of a host", () => {
  test.each([
    [["127.0.0.1"], ["127.0.0.1"]],
    [
      ["localhost", "127.0.0.1"],
      ["127.0.0.1", "::1"],
    ],
    [
      ["2001:db8::1", "192.0.2.1"],
      ["2001:db8::1", "192.0.2.1"],
    ],
  ])("%j are %j", async (hosts, addresses) => {
    expect(await hostAddresses(hosts)).toEqual(addresses);
  });

  test("are those of every interface for all addresses, without link-local ones", async () => {
    const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const ipv4 = all.filter(({ family }) => family === "IPv4").map(({ address }) => address);
    expect(await hostAddresses(["0.0.0.0"])).toEqual(ipv4);
    const both = await hostAddresses(["::"]);
    expect(both).toContain("127.0.0.1");
    expect(both.filter((address) => address.startsWith("fe80"))).toEqual([]);
    expect(interfaceAddresses()).toEqual(expect.arrayContaining([...both]));
  });

  test("are not known for a name that does not exist", async () => {
    await expect(hostAddresses(["yurt.invalid"])).rejects.toMatchObject({ code: expect.any(String) });
  });
});

test("the outgoing address is one of this machine, or none", async () => {
  const address = await outgoingAddress(4);
  expect([undefined, ...interfaceAddresses()]).toContain(address);
});

/** Answers Binding requests with this address. */
async function stunServer(mapped: string): Promise<{ readonly host: string; readonly port: number }> {
  const peer = closing.use(await UdpPeer.open());
  const answer = async (): Promise<void> => {
    const { bytes, address, port } = await peer.next();
    const request = decodeStun(bytes);
    const ip = parseIpAddress(mapped);
    if (request !== undefined && ip !== undefined) {
      const writer = new StunWriter().begin(methods.binding, "success", request.transactionId);
      peer.send(writer.address(attributes.xorMappedAddress, ip, 40_000).finish(), port, address);
    }
    await answer();
  };
  void answer();
  return { host: "127.0.0.1", port: peer.port };
}

describe("the mapped address", () => {
  test("is what the STUN server tells", async () => {
    expect(await mappedAddress(await stunServer("203.0.113.7"), 4)).toBe("203.0.113.7");
  });

  test("is unknown if nothing answers, or the server has no address of the family", async () => {
    using gone = await UdpPeer.open();
    const { port } = gone;
    gone[Symbol.dispose]();
    expect(await mappedAddress({ host: "127.0.0.1", port }, 4)).toBeUndefined();
    expect(await mappedAddress({ host: "yurt.invalid", port: 3478 }, 4)).toBeUndefined();
    expect(await mappedAddress(await stunServer("203.0.113.7"), 6)).toBeUndefined();
  });
});

test("a name server that does not answer holds up nothing: the address is unknown", async () => {
  const host = "stun.example.com";
  expect(await mappedAddress({ host, port: 3_478 }, 4, () => new Promise(() => {}))).toBeUndefined();
});
