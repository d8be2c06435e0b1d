import { expect, test } from "bun:test";
import { authOptionsOf } from "../../../src/composition/settings/settings.ts";
import { accepted, type Flags } from "../../support/servers/configurations.ts";

const secret = "0123456789abcdef0123456789abcdef";
const webhookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
const url = "https://app.example/yurt";

test.each<[Flags, ReturnType<typeof authOptionsOf>]>([
  [{}, { mode: "open", secrets: [], readersShowPresence: true }],
  [{ "auth.mode": "open" }, { mode: "open", secrets: [], readersShowPresence: true }],
  [
    {
      "auth.mode": "token",
      "auth.secret": `${secret}, ${secret}2`,
      "auth.jwks": "./keys.json",
      "auth.issuer": "app",
      "auth.audience": "yurt",
      "auth.readers-show-presence": "false",
    },
    {
      mode: "token",
      secrets: [secret, `${secret}2`],
      jwks: { path: "./keys.json" },
      issuer: "app",
      audience: "yurt",
      readersShowPresence: false,
    },
  ],
  [
    { "auth.mode": "webhook", "auth.webhook-url": url },
    { mode: "webhook", secrets: [], webhook: { url: new URL(url), secrets: [] }, readersShowPresence: true },
  ],
  [
    { "auth.mode": "webhook", "auth.webhook-url": url, "auth.webhook-secret": webhookSecret },
    {
      mode: "webhook",
      secrets: [],
      webhook: { url: new URL(url), secrets: [Buffer.from("0123456789abcdef01234567")] },
      readersShowPresence: true,
    },
  ],
])("the settings %p become the access options that the server needs, and no more", (flags, options) => {
  expect(authOptionsOf(accepted({}, flags).values)).toStrictEqual(options);
});
