import * as v from "valibot";
import { option } from "../../../config/option.ts";
import * as schemas from "../../../config/schemas.ts";

const tlsModes = ["auto", "files", "off"] as const;

export type TlsMode = (typeof tlsModes)[number];

/** The domains of the server, its certificate, and the port that redirects to HTTPS. */
export const httpsOptions = {
  domain: option<readonly string[]>({
    kind: "texts",
    schema: schemas.domains,
    default: [],
    example: ["collab.example.com"],
    expected: "domain names separated by commas, such as collab.example.com; no address, port, path or wildcard",
    help: "domains to serve over HTTPS; URLs show the first one. The defaults are then --host :: and --port 443; needs --auth-mode",
    group: "HTTPS",
    placeholder: "names",
  }),
  "tls.mode": option<TlsMode | undefined>({
    kind: "text",
    schema: v.optional(v.picklist(tlsModes)),
    default: undefined,
    example: "auto",
    expected: "auto (certificates from an ACME authority), files (--tls-cert and --tls-key) or off",
    help: "auto (certificates by ACME; default with a domain), files (default with --tls-cert), off (default otherwise)",
    group: "HTTPS",
    placeholder: tlsModes.join("|"),
  }),
  "tls.cert": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.path),
    default: undefined,
    example: "/etc/yurt/fullchain.pem",
    expected: "the path of a PEM file with the certificate and its intermediates",
    help: "file with the certificate and its intermediates (PEM); read again when it changes",
    group: "HTTPS",
    placeholder: "file",
  }),
  "tls.key": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.path),
    default: undefined,
    example: "/etc/yurt/privkey.pem",
    expected: "the path of a PEM file with the private key",
    help: "file with the private key of --tls-cert (PEM)",
    group: "HTTPS",
    placeholder: "file",
  }),
  "tls.http-port": option<number | undefined>({
    kind: "number",
    schema: v.optional(schemas.port),
    default: undefined,
    example: 80,
    expected: "a whole number from 0 to 65535 (0 takes any free port)",
    help: "port for ACME challenges and the redirect to HTTPS (default: 80 with a domain, else none)",
    group: "HTTPS",
    placeholder: "port",
  }),
  "tls.redirect.enabled": option({
    kind: "boolean",
    schema: v.boolean(),
    default: true,
    expected: "true or false",
    help: "redirect http:// to https://",
    negativeHelp: "do not redirect http:// to https://; the port then answers ACME challenges only",
    group: "HTTPS",
    placeholder: "true|false",
  }),
  "tls.acme-email": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.emailAddress),
    default: undefined,
    example: "ops@example.com",
    expected: "an email address, such as ops@example.com",
    help: "contact address for the ACME account; optional",
    group: "HTTPS",
    placeholder: "address",
  }),
  "tls.acme-directory": option<URL>({
    kind: "text",
    schema: schemas.httpsUrl,
    default: "https://acme-v02.api.letsencrypt.org/directory",
    expected: "the https:// URL of an ACME directory",
    help: "directory URL of the ACME authority",
    group: "HTTPS",
    placeholder: "url",
  }),
  "tls.acme-ca": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.path),
    default: undefined,
    example: "/etc/yurt/root.pem",
    expected: "the path of a PEM file with root certificates",
    help: "file with the root certificates (PEM) of a private ACME authority (default: public roots)",
    group: "HTTPS",
    placeholder: "file",
  }),
};
