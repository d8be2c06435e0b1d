import { describe, expect, test } from "bun:test";
import { shownSettings } from "../../../../src/composition/administration/shown-settings.ts";
import { serverOptionsOf } from "../../../../src/composition/settings/settings.ts";
import { accepted, type Flags, refused } from "../../../support/servers/configurations.ts";

const url = "postgres://yurt@db.example:5432/yurt";

describe("a database that servers share", () => {
  test("is connected to with a password that is in a file", () => {
    const { values } = accepted(
      { YURT_CLUSTER_PASSWORD_FILE: "/run/secrets/db" },
      { "cluster.url": url },
      {
        "/run/secrets/db": "s3cret\n",
      },
    );
    expect(serverOptionsOf(values).cluster).toEqual({ url: new URL(url), password: "s3cret", caFile: undefined });
  });

  test.each<[Flags, string]>([
    [{ "cluster.ca-file": "/ca.pem" }, "/ca.pem"],
    [{ "cluster.ca-file": "/ca.pem", "cluster.url": `${url}?sslmode=verify-ca` }, "/ca.pem"],
    [{ "cluster.ca-file": "/ca.pem", "cluster.url": `${url}?sslmode=verify-full` }, "/ca.pem"],
  ])("is verified with %p", (flags, caFile) => {
    const { values } = accepted({}, { "cluster.url": url, ...flags });
    expect(serverOptionsOf(values).cluster?.caFile).toBe(caFile);
  });

  test("has updates acknowledged as soon as they are committed", () => {
    expect(serverOptionsOf(accepted({}, { "cluster.url": url }).values).acknowledgementWindowMs).toBe(0);
    expect(serverOptionsOf(accepted({}).values)).toMatchObject({ acknowledgementWindowMs: 20, cluster: undefined });
  });

  test("goes with no setting of documents in the data folder", () => {
    const flags = {
      "cluster.url": url,
      "backup.every": "24h",
      "backup.folder": "/srv/backups",
      "backup.command": "true",
      "sync.durability": "disk",
      "sync.ack-window": "5",
    };
    expect(refused({}, flags).map(({ setting }) => setting)).toEqual([
      "backup.every",
      "backup.folder",
      "backup.command",
      "sync.durability",
      "sync.ack-window",
    ]);
    expect(refused({}, { "cluster.url": url, "backup.every": "24h" })).toMatchObject([
      { value: "24h", remedy: expect.stringContaining("with pg_dump") },
    ]);
    expect(accepted({}, { "cluster.url": url, "backup.every": "off" }).values["backup.every"]).toBe("off");
  });

  test("is missing when its password or its authority is given alone", () => {
    expect(refused({ YURT_CLUSTER_PASSWORD: "s3cret" }, { "cluster.ca-file": "/ca.pem" })).toMatchObject([
      { setting: "cluster.password", value: "***", remedy: expect.stringContaining("with YURT_CLUSTER_URL.") },
      { setting: "cluster.ca-file", remedy: expect.stringContaining("with --cluster-url.") },
    ]);
  });

  test("has one password, and an authority only when the certificate is verified", () => {
    const withPassword = { "cluster.url": "postgres://yurt:s3cret@db.example/yurt", "cluster.password": "other" };
    expect(refused({}, withPassword)).toMatchObject([{ setting: "cluster.password", value: "***" }]);
    const unverified = { "cluster.url": `${url}?sslmode=require`, "cluster.ca-file": "/ca.pem" };
    expect(refused({}, unverified)).toMatchObject([
      { setting: "cluster.ca-file", remedy: expect.stringContaining("Use sslmode=verify-full.") },
    ]);
  });

  test("has a mode of TLS that there is", () => {
    for (const flags of [{}, { "cluster.ca-file": "/ca.pem" }])
      expect(refused({}, { "cluster.url": `${url}?sslmode=foo`, ...flags })).toEqual([
        {
          setting: "cluster.url",
          value: "postgres://***@db.example:5432/yurt?***",
          origin: { from: "flag", flag: "--cluster-url" },
          remedy: "There is no sslmode=foo. Use one of disable, allow, prefer, require, verify-ca and verify-full.",
        },
      ]);
  });

  test("is shown without its password", () => {
    const configuration = accepted({ YURT_CLUSTER_URL: "postgres://yurt:s3cret@db.example/yurt?password=other" });
    expect(shownSettings(configuration).find(({ setting }) => setting === "cluster.url")?.value).toBe(
      "postgres://***@db.example/yurt?***",
    );
  });

  test.each([
    "db.example",
    "yurt:s3cret@db.example/yurt",
    "mysql://db.example/yurt",
    "postgres://db.example",
    "postgres:///yurt",
    "postgres://yurt:s3#cret@db.example/yurt",
    "postgres://db.example/yurt?sslmode=full",
  ])("cannot be at %s", (given) => {
    const [problem] = refused({ YURT_CLUSTER_URL: given });
    expect(problem).toMatchObject({ setting: "cluster.url" });
    expect(String(problem?.value)).not.toContain("s3cret");
  });

  test("may be behind a socket", () => {
    const { values } = accepted({}, { "cluster.url": "postgres:///yurt?user=yurt&host=/run/postgresql" });
    expect(values["cluster.url"]?.searchParams.get("host")).toBe("/run/postgresql");
  });
});
