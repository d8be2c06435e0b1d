import * as v from "valibot";
import { option } from "../../config/option.ts";
import * as schemas from "../../config/schemas.ts";

const authModes = ["open", "token", "webhook"] as const;

/** Access control: who can connect, and from which pages. */
export const accessOptions = {
  "auth.mode": option<(typeof authModes)[number] | undefined>({
    kind: "text",
    schema: v.optional(v.picklist(authModes)),
    default: undefined,
    expected: "open (anyone who can reach the server), token (anyone with a valid token) or webhook (your app decides)",
    help: "who can connect: open (anyone who can reach the server), token (anyone with a valid token), webhook (your app decides)",
    group: "Access",
    placeholder: authModes.join("|"),
  }),
  "auth.secret": option<readonly string[] | undefined>({
    kind: "texts",
    schema: v.optional(schemas.secrets),
    default: undefined,
    expected: "a secret of at least 32 bytes; to rotate it two, separated by a comma or a space",
    help: "token signing secret (at least 32 bytes); with two, the first signs and both verify",
    group: "Access",
    placeholder: "secret",
    isSecret: true,
    isReloadable: true,
  }),
  "auth.jwks": option<schemas.Location | undefined>({
    kind: "text",
    schema: v.optional(schemas.location),
    default: undefined,
    expected: "an http:// or https:// URL without a user in it, or the path of a file",
    help: "JWKS URL or file of an external identity provider; with token only",
    group: "Access",
    placeholder: "url|file",
  }),
  "auth.issuer": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.claim),
    default: undefined,
    expected: "the iss claim of your tokens",
    help: "required issuer (iss claim)",
    group: "Access",
    placeholder: "text",
    isReloadable: true,
  }),
  "auth.audience": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.claim),
    default: undefined,
    expected: "the aud claim of your tokens",
    help: "required audience (aud claim)",
    group: "Access",
    placeholder: "text",
    isReloadable: true,
  }),
  "auth.webhook-url": option<URL | undefined>({
    kind: "text",
    schema: v.optional(schemas.httpUrl),
    default: undefined,
    expected: "an http:// or https:// URL without a user in it",
    help: "URL at which your app is asked; required with webhook, used there only",
    group: "Access",
    placeholder: "url",
  }),
  "auth.webhook-secret": option<readonly Uint8Array[] | undefined>({
    kind: "texts",
    schema: v.optional(schemas.webhookSecrets),
    default: undefined,
    expected: "whsec_ followed by 24 to 64 bytes in base64; to rotate it two, separated by a comma or a space",
    help: "secret used to sign webhook requests (whsec_…); give two to rotate, both sign",
    group: "Access",
    placeholder: "secret",
    isSecret: true,
    isReloadable: true,
  }),
  "auth.readers-show-presence": option({
    kind: "boolean",
    schema: v.boolean(),
    default: true,
    expected: "true or false",
    help: "show read-only users in presence",
    negativeHelp: "hide read-only users from presence",
    group: "Access",
    placeholder: "true|false",
  }),
  "auth.origins": option<readonly string[]>({
    kind: "texts",
    schema: schemas.origins,
    default: [],
    expected:
      "origins separated by commas, such as https://app.example,https://*.example.com,capacitor://localhost; " +
      "local files are null or file://",
    help: "allowed web origins, comma-separated; * stands for the first label of a host (default: all)",
    group: "Access",
    placeholder: "origins",
    isReloadable: true,
  }),
};
