import { expect, test } from "bun:test";
import { reportOf } from "../../../src/web/check/diagnosis/report.ts";
import { rowsOf } from "../../../src/web/check/diagnosis/rows.ts";
import { verdictOf } from "../../../src/web/check/diagnosis/verdict.ts";
import { good, refused, udp } from "./measured.ts";

const measurements = { ...good, urls: { ...good.urls, [udp]: refused(401) } };
const rows = rowsOf(measurements, { running: [], isDone: true });
const report = reportOf({ measurements, rows, verdict: verdictOf(measurements), time: "2026-11-30T08:00:00.000Z" });

test("the report has the verdict, each row with its state, and the facts of the page", () => {
  for (const line of [
    "Verdict  Peers connect directly",
    "Yurt     0.9.0, access mode open",
    "Browser  Browser/1",
    "Time     2026-11-30T08:00:00.000Z",
    "[ok] Relay  (2.0 ms)",
    `[FAILED] TURN over UDP  ${udp}`,
  ]) {
    expect(report.split("\n")).toContain(line);
  }
  expect(report.match(/^\[/gm)).toHaveLength(rows.length);
});

test("the report's lines fit into a mail", () => {
  expect(report.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

test("the report holds no username and no credential", () => {
  const secrets = { username: "1790000000:ann", credential: "c2VjcmV0" };
  const ice = { kind: "list", source: "server", servers: [{ urls: udp, ...secrets }] } as const;
  const withSecrets = { ...measurements, ice };
  const text = reportOf({
    measurements: withSecrets,
    rows: rowsOf(withSecrets, { running: [], isDone: true }),
    verdict: verdictOf(withSecrets),
    time: "",
  });
  expect(text).toContain(udp);
  for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
});
