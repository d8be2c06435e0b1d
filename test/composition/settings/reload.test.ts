import { describe, expect, test } from "bun:test";
import { reloadOf } from "../../../src/composition/settings/reload.ts";
import { accepted } from "../../support/servers/configurations.ts";

const secret = "0123456789abcdef0123456789abcdef";

describe("a reload", () => {
  test("takes over reloadable settings, and keeps the others until a restart", () => {
    const current = accepted({ YURT_PORT: "1111", YURT_LOG_LEVEL: "info" });
    const { configuration, changed, needRestart } = reloadOf(
      current,
      accepted({
        YURT_PORT: "2222",
        YURT_LOG_LEVEL: "debug",
        YURT_AUTH_ORIGINS: "https://app.example",
        YURT_LIMITS_NAME_BYTES: "99",
        YURT_LIMITS_OUTBOX_BYTES: "9999999",
      }),
    );
    expect(changed).toEqual(["auth.origins", "log.level", "limits.name-bytes"]);
    expect(needRestart).toEqual(["port", "limits.outbox-bytes"]);
    const { values, origins } = configuration;
    expect([values.port, values["limits.outbox-bytes"]]).toEqual([1111, 4 * 2 ** 20]);
    expect([values["log.level"], values["limits.name-bytes"]]).toEqual(["debug", 99]);
    expect(origins["log.level"]).toEqual({ from: "environment", variable: "YURT_LOG_LEVEL" });
    expect(origins["limits.outbox-bytes"]).toEqual({ from: "default" });
  });

  test("names a setting that needs a restart again, and a change that it has taken over only once", () => {
    const next = accepted({ YURT_PORT: "2222", YURT_LOG_LEVEL: "debug" });
    const first = reloadOf(accepted({}), next);
    const second = reloadOf(first.configuration, next);
    expect([first.changed, first.needRestart]).toEqual([["log.level"], ["port"]]);
    expect([second.changed, second.needRestart]).toEqual([[], ["port"]]);
  });

  test("does not count a default that is given", () => {
    const { changed, needRestart } = reloadOf(accepted({}), accepted({ YURT_LOG_LEVEL: "info", YURT_PORT: "4444" }));
    expect([changed, needRestart]).toEqual([[], []]);
  });

  test("sees a new secret in the same file", () => {
    const environment = { YURT_AUTH_MODE: "token", YURT_AUTH_SECRET_FILE: "/secret" };
    const current = accepted(environment, {}, { "/secret": secret });
    const { changed, configuration } = reloadOf(current, accepted(environment, {}, { "/secret": `${secret}2` }));
    expect(changed).toEqual(["auth.secret"]);
    expect(configuration.values["auth.secret"]).toEqual([`${secret}2`]);
  });
});
