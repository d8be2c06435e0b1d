const encoder = new TextEncoder();

/** Returns why a document or topic cannot have this name; undefined if it can. `nameBytes` bounds its UTF-8 bytes. */
export function checkRoomName(name: string, nameBytes: number): string | undefined {
  if (name === "") return "the name is empty";
  if (!name.isWellFormed()) return "the name contains a lone surrogate";
  if (/\p{Cc}/u.test(name)) return "the name contains a control character";
  if (encoder.encode(name).length > nameBytes) return `the name is longer than ${nameBytes} bytes`;
  return undefined;
}
