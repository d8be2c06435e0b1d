import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { flagOf, type Option, optionKeys, options, variableOf } from "../../src/config/options.ts";

describe("the table of options", () => {
  test("gives every key its three spellings", () => {
    expect(optionKeys.map((key) => [key, flagOf(key), variableOf(key)])).toEqual([
      ["host", "--host", "YURT_HOST"],
      ["port", "--port", "YURT_PORT"],
      ["compat-ports", "--compat-ports", "YURT_COMPAT_PORTS"],
      ["data", "--data", "YURT_DATA"],
      ["sync.enabled", "--sync", "YURT_SYNC_ENABLED"],
      ["sync.durability", "--sync-durability", "YURT_SYNC_DURABILITY"],
      ["sync.memory", "--sync-memory", "YURT_SYNC_MEMORY"],
      ["origins", "--origins", "YURT_ORIGINS"],
      ["proxies", "--proxies", "YURT_PROXIES"],
      ["limits", "--limits", "YURT_LIMITS"],
      ...["connections-per-address", "upgrades-per-address", "room-members", "publishes", "deliveries"].map((name) => [
        `limits.${name}`,
        `--limits-${name}`,
        `YURT_LIMITS_${name.toUpperCase().replaceAll("-", "_")}`,
      ]),
      ["peerjs.key", "--peerjs-key", "YURT_PEERJS_KEY"],
      ["peerjs.discovery", "--peerjs-discovery", "YURT_PEERJS_DISCOVERY"],
      ["auth.mode", "--auth-mode", "YURT_AUTH_MODE"],
      ["log.level", "--log-level", "YURT_LOG_LEVEL"],
    ]);
  });

  test("gives a boolean a flag for false", () => {
    expect([flagOf("sync.enabled", "true"), flagOf("sync.enabled", "false")]).toEqual(["--sync", "--no-sync"]);
  });

  test("has defaults that its own schemas accept, or none", () => {
    for (const key of optionKeys) {
      const option: Option<unknown> = options[key];
      if (option.default !== undefined) expect(v.is(option.schema, option.default), key).toBeTrue();
    }
  });

  test("has spellings that are all different", () => {
    for (const spelling of [flagOf, variableOf]) {
      expect(new Set(optionKeys.map((key) => spelling(key))).size).toBe(optionKeys.length);
    }
  });
});
