import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { optionKeys } from "../../../src/composition/settings/options.ts";
import {
  boundNames,
  carriers,
  closeReasonNames,
  denialCodes,
  messageBounds,
  protocolNames,
  wireProtocols,
} from "../../../src/ops/metrics/label-values.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";

const root = join(import.meta.dir, "../../../src");
const source = (path: string) => readFileSync(join(root, path), "utf8");
const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

test("the names of close reasons are those of the table of close codes", () => {
  expect(sorted(closeReasonNames)).toEqual(sorted(Object.values(closeReasons).map(({ name }) => name)));
});

test("the names of protocols are those of the protocols and dialects", () => {
  const files = [
    ...new Bun.Glob("{relay,signaling,transport}/**/{protocol,*dialect,dialects,engine-io-server}.ts").scanSync(root),
  ];
  const names = files.flatMap((path) =>
    [...source(path).matchAll(/\bname(?::| =) "([a-z0-9.-]+)"/g)].map(([, name = ""]) => name),
  );
  expect(sorted(names)).toEqual(sorted(protocolNames));
});

test("the codes of denials are those of the authorizer", () => {
  const [, union = ""] = /export type DenialCode =([^;]*);/.exec(source("auth/authorizer.ts")) ?? [];
  const codes = [...union.matchAll(/"([a-z-]+)"/g)].map(([, code = ""]) => code);
  expect(sorted(denialCodes)).toEqual(sorted(codes));
});

test("the protocols whose frames are counted are some of all protocols", () => {
  expect(new Set(protocolNames)).toEqual(new Set([...protocolNames, ...wireProtocols, ...carriers]));
});

test("the names of bounds are those of options", () => {
  expect(boundNames.filter((name) => !optionKeys.some((key) => key === name))).toEqual([]);
});

test("every bound that the code reports is one whose hits are counted", () => {
  const paths = [
    ...new Bun.Glob("{auth,rooms,relay,signaling,transport,turn,admin,api,documents}/**/*.ts").scanSync(root),
  ];
  const named = paths.flatMap((path) =>
    [...source(path).matchAll(/["`](limits\.[a-z-]+)(?=["`:])/g)].map(([, name = ""]) => name),
  );
  expect(sorted(named)).toEqual(sorted(boundNames));
  expect(messageBounds.filter((name) => !named.includes(name))).toEqual(["awareness-clock"]);
});
