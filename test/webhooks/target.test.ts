import { describe, expect, test } from "bun:test";
import { AddressRanges } from "../../src/lib/address/address-ranges.ts";
import { findTarget } from "../../src/webhooks/target.ts";

const names: Readonly<Record<string, readonly string[]>> = {
  "public.example": ["1.1.1.1"],
  "inside.example": ["10.0.0.5"],
  "metadata.example": ["169.254.169.254"],
  "mixed.example": ["127.0.0.1", "1.1.1.1"],
  "empty.example": [],
};

const lookup = async (host: string) => {
  const found = names[host];
  if (found === undefined) throw Object.assign(new Error("not found"), { code: "ENOTFOUND" });
  return found;
};

const find = (url: string, ...allowed: readonly string[]) =>
  findTarget(new URL(url), { allowed: new AddressRanges(allowed), lookup });

describe("a URL", () => {
  test("leads to the address that was looked up", async () => {
    expect(await find("https://public.example/hook")).toEqual({ address: "1.1.1.1" });
    expect(await find("https://1.1.1.1/hook")).toEqual({ address: "1.1.1.1" });
    expect(await find("https://[2606:4700::1]/hook")).toEqual({ address: "2606:4700::1" });
  });

  test.each([
    ...["https://inside.example", "https://metadata.example", "https://127.0.0.1", "https://[::1]", "https://0/"],
    ...["https://0x7f.1", "https://2130706433", "https://[::ffff:10.0.0.1]", "https://[fd00::1]"],
  ])("that leads to this machine or a private network is refused: %s", async (url) => {
    expect(await find(url)).toBe("address-not-allowed");
  });

  test("leads to a private address that is allowed, also by plain HTTP", async () => {
    expect(await find("http://inside.example", "10.0.0.0/8")).toEqual({ address: "10.0.0.5" });
    expect(await find("http://[::1]:8080", "::1")).toEqual({ address: "::1" });
    expect(await find("https://metadata.example", "10.0.0.0/8")).toBe("address-not-allowed");
  });

  test("leads to the public address if the name has a private one as well", async () => {
    expect(await find("https://mixed.example")).toEqual({ address: "1.1.1.1" });
  });

  test("of plain HTTP must not lead through the internet", async () => {
    expect(await find("http://public.example")).toBe("http-not-allowed");
  });

  test("whose name has no address leads nowhere", async () => {
    expect(await find("https://unknown.example")).toBe("name-not-found");
    expect(await find("https://empty.example")).toBe("name-not-found");
  });
});
