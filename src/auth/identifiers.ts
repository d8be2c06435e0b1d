import * as v from "valibot";
import { maxPatternLength } from "./room-pattern.ts";

/** The greatest length of a user id or a token id, in UTF-16 code units. */
const maxIdLength = 1_024;

/**
 * Brings a name into the form in which names are compared, Unicode's NFC: the same letters may be encoded in several
 * ways, depending on the system on which they were typed.
 */
export function comparable(name: string): string {
  return name.normalize("NFC");
}

/** Whether two user ids, in any form, name the same user. */
export function isSameUser(one: string, other: string): boolean {
  return comparable(one) === comparable(other);
}

/** A user id, in its comparable form. It is the one type of user ids: each that is granted access can be revoked. */
export const userId = v.pipe(
  boundedText(maxIdLength),
  v.regex(/^[^\p{Cc}\p{Cs}]*$/u, "give a user id without control characters"),
  v.transform(comparable),
);

/** The id of one token (`jti`), which is compared as it is. */
export const tokenId = boundedText(maxIdLength);

/** A room pattern as it is given. */
export const givenRoomPattern = boundedText(maxPatternLength);

/** A room pattern, in its comparable form. */
export const roomPattern = v.pipe(givenRoomPattern, v.transform(comparable));

/** The schema of a received id that may be missing: an empty one names nobody, and counts as missing. */
export function absentIfEmpty<Output>(schema: v.GenericSchema<string, Output>) {
  const absent = v.pipe(
    v.literal(""),
    v.transform(() => undefined),
  );
  return v.union([absent, schema]);
}

/** A text of one character or more. The messages are shown to administrators. */
function boundedText(maxLength: number) {
  const expected = `give a text of 1 to ${maxLength} characters`;
  return v.pipe(v.string(expected), v.nonEmpty(expected), v.maxLength(maxLength, expected));
}
