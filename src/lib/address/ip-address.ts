/** An IP address as numbers, for comparisons with ranges and for binary protocols. */
export interface IpAddress {
  readonly family: 4 | 6;
  /** The address as four unsigned integers of 32 bits, the first one first. An IPv4 address is `word3`, after zeros. */
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
}

/**
 * Reads an IP address in any of its spellings; the zone of an IPv6 address is ignored. Undefined for any other text.
 *
 * An IPv4-mapped IPv6 address stays an IPv6 address.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  const word = ipv4Word(text);
  if (word !== undefined) return { family: 4, word0: 0, word1: 0, word2: 0, word3: word };
  const groups = ipv6Groups(text.split("%", 1)[0] ?? "");
  if (groups === undefined) return undefined;
  const wordAt = (index: number) => (((groups[index] ?? 0) << 16) | (groups[index + 1] ?? 0)) >>> 0;
  return { family: 6, word0: wordAt(0), word1: wordAt(2), word2: wordAt(4), word3: wordAt(6) };
}

/** The canonical text: dotted decimal, or the form of RFC 5952 §4 without brackets. */
export function formatIpAddress({ family, word0, word1, word2, word3 }: IpAddress): string {
  if (family === 4) return `${word3 >>> 24}.${(word3 >>> 16) & 0xff}.${(word3 >>> 8) & 0xff}.${word3 & 0xff}`;
  const groups = [word0, word1, word2, word3].flatMap((word) => [word >>> 16, word & 0xffff]);
  const { start, length } = longestZeros(groups);
  const texts = groups.map((group) => group.toString(16));
  if (length < 2) return texts.join(":");
  return `${texts.slice(0, start).join(":")}::${texts.slice(start + length).join(":")}`;
}

export function isSameIpAddress(left: IpAddress, right: IpAddress): boolean {
  return (
    left.word3 === right.word3 &&
    left.family === right.family &&
    left.word0 === right.word0 &&
    left.word1 === right.word1 &&
    left.word2 === right.word2
  );
}

function ipv4Word(text: string): number | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1);
  if (octets === undefined) return undefined;
  let word = 0;
  for (const octet of octets) {
    if (Number(octet) > 255 || (octet.length > 1 && octet.startsWith("0"))) return undefined;
    word = word * 256 + Number(octet);
  }
  return word;
}

/** The eight groups of 16 bits of an IPv6 address. */
function ipv6Groups(text: string): readonly number[] | undefined {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const before = groupsOf(head, tail === undefined);
  if (tail === undefined) return before?.length === 8 ? before : undefined;
  const after = groupsOf(tail, true);
  if (before === undefined || after === undefined || before.length + after.length > 7) return undefined;
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

/** The groups of a part between double colons. The last part of an address may end in an IPv4 address. */
function groupsOf(part: string, isLast: boolean): readonly number[] | undefined {
  if (part === "") return [];
  const texts = part.split(":");
  const embedded = isLast ? ipv4Word(texts.at(-1) ?? "") : undefined;
  const groups = embedded === undefined ? texts : texts.slice(0, -1);
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const numbers = groups.map((group) => Number.parseInt(group, 16));
  return embedded === undefined ? numbers : [...numbers, embedded >>> 16, embedded & 0xffff];
}

/** The first of the longest runs of zeros. */
function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index < groups.length; index += 1) {
    if (groups[index] !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  }
  return longest;
}
