const encoder = new TextEncoder();

/** Why a document or topic may not have this name, or undefined if it may. `nameBytes` bounds its UTF-8 bytes. */
export function checkRoomName(name: string, nameBytes: number): string | undefined {
  if (name === "") return "the name is empty";
  if (!name.isWellFormed()) return "the name holds half of a surrogate pair";
  if (/\p{Cc}/u.test(name)) return "the name holds a control character";
  if (encoder.encode(name).length > nameBytes) return `the name is longer than ${nameBytes} bytes`;
  return undefined;
}
