import { describe, expect, test } from "bun:test";
import { parseOptions } from "../../../scripts/bench/options.ts";
import { scenarios } from "../../../scripts/bench/scenarios/all.ts";
import { servers } from "../../../scripts/bench/servers/all.ts";

const parse = (...args: string[]) => parseOptions(args, { scenarios, servers });
const names = (named: readonly { readonly name: string }[]) => named.map(({ name }) => name);

describe("the options", () => {
  test("choose every scenario and server, once, by default", () => {
    const options = parse();
    expect(options).toEqual({ scenarios, servers, runs: 1, size: "full", jsonFile: undefined });
  });

  test("choose by name, in the order of the bench", () => {
    const options = parse("--scenario", "paced", "--scenario=one-room", "--server", "bare,yurt", "--quick");
    expect(names(options.scenarios)).toEqual(["one-room", "paced"]);
    expect(names(options.servers)).toEqual(["yurt", "bare"]);
    expect(options.size).toBe("quick");
  });

  test("add the executable of another commit to the servers", () => {
    const options = parse("--server", "yurt", "--baseline", "/tmp/old-yurt --limits-publishes 5");
    expect(names(options.servers)).toEqual(["yurt", "baseline"]);
  });

  test("put another commit behind the server with which it takes turns", () => {
    const options = parse("--server", "yurt,yurt-collab,bare", "--against", "main~3");
    expect(names(options.servers)).toEqual(["yurt", "against", "yurt-collab", "against-collab", "bare"]);
    expect(names(parse("--server", "bare,yurt", "--against", "v1").servers)).toEqual(["yurt", "against", "bare"]);
  });

  test.each([
    [["--scenario", "nothing"], 'no scenario "nothing"; there are one-room,'],
    [["--server", "none"], 'no server "none"; there are yurt,'],
    [["--runs", "0"], "--runs takes"],
    [["--runs", "two"], "--runs takes"],
    [["--fast"], "--fast"],
  ])("%p are refused", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});

test("every scenario has a name of its own, a server, and metrics with different keys", () => {
  expect(new Set(names(scenarios)).size).toBe(scenarios.length);
  for (const { needs, metrics } of scenarios) {
    const ours = servers.filter(({ name }) => name === "yurt" || name === "yurt-cluster");
    expect(ours.some(({ abilities }) => [needs].flat().every((ability) => abilities.has(ability)))).toBe(true);
    expect(new Set(metrics.map(({ key }) => key)).size).toBe(metrics.length);
  }
});
