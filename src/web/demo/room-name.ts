const qualities =
  "amber brave bright calm clear deep early fair fresh gentle golden grand green kind late light lively lucky mellow " +
  "merry mild noble open proud quiet silver soft still swift warm wide young";
const things =
  "badger beacon birch brook cedar cloud crane dune falcon felt fern field fox harbour heron hill horse lake larch " +
  "lark marmot meadow moon otter pine raven ridge river sparrow steppe stone valley";

/** Random characters out of 36: together with the words, there are too many names to guess one. */
const tailLength = 6;

/** The room that the page's address names; undefined when it names none. */
export function roomOf(address: URL): string | undefined {
  return address.searchParams.get("room") || undefined;
}

/** The password for y-webrtc. It is in the fragment because browsers never send fragments to a server. */
export function passwordOf(address: URL): string | undefined {
  return new URLSearchParams(address.hash.slice(1)).get("password") || undefined;
}

/** The access token for this server. It is in the fragment so that it stays out of logs and referrers. */
export function tokenOf(address: URL): string | undefined {
  return new URLSearchParams(address.hash.slice(1)).get("token") || undefined;
}

/** The same address without the token, to be shared: other people need tokens of their own. */
export function withoutToken(address: URL): URL {
  const shared = new URL(address);
  const fragment = new URLSearchParams(address.hash.slice(1));
  if (!fragment.has("token")) return shared;
  fragment.delete("token");
  shared.hash = fragment.toString();
  return shared;
}

/** The same address with this token in place of any other. */
export function withToken(token: string, address: URL): URL {
  const entered = new URL(address);
  const fragment = new URLSearchParams(address.hash.slice(1));
  fragment.set("token", token);
  entered.hash = fragment.toString();
  return entered;
}

/** The same address with the room in it. */
export function addressOf(room: string, address: URL): URL {
  const named = new URL(address);
  named.searchParams.set("room", room);
  return named;
}

/** A readable, unique name. It cannot be guessed either: in mode `open`, everyone who knows a room's name can join. */
export function randomRoom(): string {
  return `${pick(qualities)}-${pick(things)}-${tail()}`;
}

/** A name for a person who has not chosen one. */
export function randomPerson(): string {
  const words = `${pick(qualities)} ${pick(things)}`;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function pick(words: string): string {
  const list = words.split(" ");
  return list[randomBelow(list.length)] ?? "";
}

function tail(): string {
  return Array.from({ length: tailLength }, () => randomBelow(36).toString(36)).join("");
}

function randomBelow(bound: number): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return random % bound;
}
