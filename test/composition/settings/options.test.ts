import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { limitTable } from "../../../src/composition/settings/limits.ts";
import { type OptionKey, optionKeys, options } from "../../../src/composition/settings/options.ts";
import {
  fileKeyOf,
  fileVariableOf,
  flagOf,
  inputOf,
  type Option,
  textOf,
  variableOf,
} from "../../../src/config/option.ts";

describe("the table of options", () => {
  test("gives every key its three spellings", () => {
    const spellings = (key: OptionKey) => [key, flagOf(key, options[key]), variableOf(key)];
    const keys = ["port", "compat-ports", "sync.enabled", "sync.durability", "limits.json-depth"] as const;
    expect(keys.map(spellings)).toEqual([
      ["port", "--port", "YURT_PORT"],
      ["compat-ports", "--compat-ports", "YURT_COMPAT_PORTS"],
      ["sync.enabled", "--sync", "YURT_SYNC_ENABLED"],
      ["sync.durability", "--sync-durability", "YURT_SYNC_DURABILITY"],
      ["limits.json-depth", "--limits-json-depth", "YURT_LIMITS_JSON_DEPTH"],
    ]);
  });

  test("has an option for every bound", () => {
    const keys = Object.keys(limitTable).map((name) => `limits.${name.replaceAll(/[A-Z]/g, "-$&").toLowerCase()}`);
    expect(optionKeys.filter((key) => key.startsWith("limits."))).toEqual(keys as OptionKey[]);
  });

  test("permits 0 for a bound that says so, and for no other", () => {
    const permitting = optionKeys.filter((key) => key.startsWith("limits.") && v.is(options[key].schema, 0));
    expect(permitting).toEqual(["limits.webhook-cache-ms", "limits.awareness-clients-per-connection"]);
    expect(limitTable.webhookCacheMs.help).toContain("; 0 ");
    expect(limitTable.awarenessClientsPerConnection.help).toContain("; 0 ");
  });

  test("gives a boolean a flag for false", () => {
    expect(["true", "false"].map((value) => flagOf("sync.enabled", options["sync.enabled"], value))).toEqual([
      "--sync",
      "--no-sync",
    ]);
  });

  test("has defaults that its own schemas accept, and that are of their kinds", () => {
    for (const key of optionKeys) {
      const option: Option<unknown> = options[key];
      expect(v.is(option.schema, option.default), key).toBeTrue();
      if (option.default !== undefined) expect(inputOf(option.kind, textOf(option.default))).toEqual(option.default);
    }
  });

  test("lets secrets be in files", () => {
    expect(
      optionKeys.map((key) => fileVariableOf(key, options[key])).filter((variable) => variable !== undefined),
    ).toEqual([
      "YURT_CLUSTER_PASSWORD_FILE",
      ...["YURT_AUTH_SECRET_FILE", "YURT_AUTH_WEBHOOK_SECRET_FILE", "YURT_TURN_SECRET_FILE"],
      ...["YURT_TURN_ADVERTISE_CREDENTIAL_FILE", "YURT_METRICS_TOKEN_FILE"],
    ]);
  });

  test("has no key that is the table of another, so that all of them can stand in one file", () => {
    const isTable = (key: string) => optionKeys.some((other) => other.startsWith(`${key}.`));
    expect(optionKeys.filter(isTable)).toEqual([]);
    const ofFiles = optionKeys.map((key) => fileKeyOf(key, options[key])).filter((key) => key !== undefined);
    const keys: readonly string[] = optionKeys;
    expect(ofFiles.filter((key) => keys.includes(key))).toEqual([]);
  });

  test("has an example for every setting that has no default and is no secret, which its schema accepts", () => {
    const withoutDefault = optionKeys.filter((key) => {
      const { default: otherwise, isSecret }: Option<unknown> = options[key];
      return isSecret !== true && (otherwise === undefined || textOf(otherwise) === "");
    });
    expect(withoutDefault.length).toBeGreaterThan(5);
    for (const key of withoutDefault) {
      const { example, schema }: Option<unknown> = options[key];
      expect(example, key).toBeDefined();
      expect(v.is(schema, example), key).toBeTrue();
    }
  });

  test("has spellings that are all different", () => {
    for (const spelling of [flagOf, variableOf]) {
      expect(new Set(optionKeys.map((key) => spelling(key, options[key]))).size).toBe(optionKeys.length);
    }
  });
});
