import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { closeReasonNames, denialCodes, protocolNames } from "../../../src/ops/metrics/label-values.ts";
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
