import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { optionKeys, options } from "../../src/composition/options.ts";
import { fileVariableOf, flagOf, type Option, variableOf } from "../../src/config/option.ts";
import { readPage } from "../support/docs-snippets.ts";

describe("the table of options", () => {
  test("gives every key its three spellings", () => {
    expect(optionKeys.map((key) => [key, flagOf(key, options[key]), variableOf(key)])).toEqual([
      ["host", "--host", "YURT_HOST"],
      ["port", "--port", "YURT_PORT"],
      ["compat-ports", "--compat-ports", "YURT_COMPAT_PORTS"],
      ["data", "--data", "YURT_DATA"],
      ["sync.enabled", "--sync", "YURT_SYNC_ENABLED"],
      ["sync.durability", "--sync-durability", "YURT_SYNC_DURABILITY"],
      ["sync.memory", "--sync-memory", "YURT_SYNC_MEMORY"],
      ["proxy.trusted", "--proxy-trusted", "YURT_PROXY_TRUSTED"],
      ["limits", "--limits", "YURT_LIMITS"],
      ...["connections-per-address", "upgrades-per-address", "room-members", "publishes", "deliveries"].map((name) => [
        `limits.${name}`,
        `--limits-${name}`,
        `YURT_LIMITS_${name.toUpperCase().replaceAll("-", "_")}`,
      ]),
      ["peerjs.key", "--peerjs-key", "YURT_PEERJS_KEY"],
      ["peerjs.discovery", "--peerjs-discovery", "YURT_PEERJS_DISCOVERY"],
      ...["mode", "secret", "jwks", "issuer", "audience"].map((name) => [
        `auth.${name}`,
        `--auth-${name}`,
        `YURT_AUTH_${name.toUpperCase()}`,
      ]),
      ["auth.webhook-url", "--auth-webhook-url", "YURT_AUTH_WEBHOOK_URL"],
      ["auth.webhook-secret", "--auth-webhook-secret", "YURT_AUTH_WEBHOOK_SECRET"],
      ["auth.readers-show-presence", "--auth-readers-show-presence", "YURT_AUTH_READERS_SHOW_PRESENCE"],
      ["auth.origins", "--auth-origins", "YURT_AUTH_ORIGINS"],
      ["log.level", "--log-level", "YURT_LOG_LEVEL"],
    ]);
  });

  test("gives a boolean a flag for false", () => {
    expect(["true", "false"].map((value) => flagOf("sync.enabled", options["sync.enabled"], value))).toEqual([
      "--sync",
      "--no-sync",
    ]);
  });

  test("has defaults that its own schemas accept, or none", () => {
    for (const key of optionKeys) {
      const option: Option<unknown> = options[key];
      if (option.default !== undefined) expect(v.is(option.schema, option.default), key).toBeTrue();
    }
  });

  test("lets secrets be in files", () => {
    expect(
      optionKeys.map((key) => fileVariableOf(key, options[key])).filter((variable) => variable !== undefined),
    ).toEqual(["YURT_AUTH_SECRET_FILE", "YURT_AUTH_WEBHOOK_SECRET_FILE"]);
  });

  test("is the table in docs/reference.md, with its defaults", () => {
    const reference = readPage("docs/reference.md");
    const rows = Array.from(reference.matchAll(/^\| `(--[a-z-]+)` \|([^|]*)\|([^|]*)\|/gm), ([, ...cells]) =>
      cells.map((cell) => cell.trim()),
    );
    const expected = optionKeys.map((key) => {
      const option: Option<unknown> = options[key];
      const { kind, default: otherwise, platformVariable } = option;
      const variables = [variableOf(key), fileVariableOf(key, option), platformVariable].filter(
        (name) => name !== undefined,
      );
      const isShown = kind !== "boolean" && otherwise !== undefined && otherwise !== "";
      return [
        kind === "boolean" ? flagOf(key, option, String(otherwise !== true)) : flagOf(key, option),
        variables.map((name) => `\`${name}\``).join(", "),
        isShown ? `\`${otherwise}\`` : "",
      ];
    });
    expect(rows).toEqual(expected);
  });

  test("has spellings that are all different", () => {
    for (const spelling of [flagOf, variableOf]) {
      expect(new Set(optionKeys.map((key) => spelling(key, options[key]))).size).toBe(optionKeys.length);
    }
  });
});
