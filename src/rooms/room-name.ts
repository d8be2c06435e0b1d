const encoder = new TextEncoder();

/** Returns why a client cannot use this name or id; undefined if it can. `nameBytes` bounds its UTF-8 bytes. */
export function checkName(name: string, nameBytes: number): string | undefined {
  if (name === "") return "the name is empty";
  if (!name.isWellFormed()) return "the name contains a lone surrogate";
  if (/\p{Cc}/u.test(name)) return "the name contains a control character";
  if (encoder.encode(name).length > nameBytes) return `the name is longer than ${nameBytes} bytes (limits.name-bytes)`;
  return undefined;
}

/**
 * Returns why a document or topic cannot have this name; undefined if it can.
 *
 * Every protocol refuses a name that one of them cannot express. In a URL, clients and proxies resolve `.` and `..` even
 * when they are percent-encoded, turn `\` into `/`, and remove spaces at the end: the client would be in another document
 * than those that send the name in a message. UTF-8 has no lone surrogates, and encoders write U+FFFD for each: several
 * names would be one document. Empty segments are expressed by all: `/a`, `a/` and `a//b` are names.
 */
export function checkRoomName(name: string, nameBytes: number): string | undefined {
  if (name.startsWith(" ") || name.endsWith(" ")) return "the name begins or ends with a space, which URLs lose";
  if (name.includes("\\")) return "the name contains a backslash, which URLs turn into a slash";
  if (/(^|\/)\.{1,2}(\/|$)/.test(name)) return "the name has the segment . or .., which URLs resolve";
  if (name.includes("\ufffd")) return "the name contains U+FFFD, which stands for a lone surrogate";
  return checkName(name, nameBytes);
}
