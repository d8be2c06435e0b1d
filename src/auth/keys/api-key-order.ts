import * as v from "valibot";
import { scopes } from "./api-keys.ts";

const maxNameLength = 100;
const maxPrefixBytes = 1_024;

/** The form of a name, for people. */
export const apiKeyNameForm = `1 to ${maxNameLength} characters, without control characters`;
/** The form of a prefix, for people. */
export const apiKeyPrefixForm = `at most ${maxPrefixBytes} bytes, without control characters`;

/** Half of a surrogate pair has no UTF-8. */
const isText = (text: string) => !/[\p{Cc}\p{Cs}]/u.test(text);

/** The name of an API key. */
export const apiKeyName = v.pipe(
  v.string(`give ${apiKeyNameForm}`),
  v.check((name) => name !== "" && name.length <= maxNameLength && isText(name), `give ${apiKeyNameForm}`),
);

/** The text with which the names of an API key's documents begin. */
export const apiKeyDocuments = v.pipe(
  v.string(`give ${apiKeyPrefixForm}`),
  v.check((prefix) => Buffer.byteLength(prefix) <= maxPrefixBytes && isText(prefix), `give ${apiKeyPrefixForm}`),
);

/** An API key that is to be made, as a request orders it. */
export const apiKeyOrder = v.strictObject({
  name: v.pipe(apiKeyName, v.description("The name by which the key is listed. No two keys have the same")),
  scope: v.pipe(
    v.picklist(scopes, `give ${scopes.join(" or ")}`),
    v.description("What the key may do. Each scope includes those before it"),
  ),
  prefix: v.pipe(
    v.optional(apiKeyDocuments, ""),
    v.description("The key is for documents whose names begin with this text; all documents if it is empty"),
  ),
});
