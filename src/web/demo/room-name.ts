const qualities =
  "amber brave bright calm clear deep early fair fresh gentle golden grand green kind late light lively lucky mellow " +
  "merry mild noble open proud quiet silver soft still swift warm wide young";
const things =
  "badger beacon birch brook cedar cloud crane dune falcon felt fern field fox harbour heron hill horse lake larch " +
  "lark marmot meadow moon otter pine raven ridge river sparrow steppe stone valley";

/** Of 36 characters each: with the words, too many names to be found by trying. */
const tailLength = 6;

/** The room that the page's address names; undefined when it names none. */
export function roomOf(address: URL): string | undefined {
  return address.searchParams.get("room") || undefined;
}

/** y-webrtc's password. It is in the fragment because browsers send fragments to no server. */
export function passwordOf(address: URL): string | undefined {
  return new URLSearchParams(address.hash.slice(1)).get("password") || undefined;
}

/** What this server is shown, where it asks for that; in the fragment, for the same reason. */
export function tokenOf(address: URL): string | undefined {
  return new URLSearchParams(address.hash.slice(1)).get("token") || undefined;
}

/** The same address for somebody else, who has to have a token of his own. */
export function withoutToken(address: URL): URL {
  const shared = new URL(address);
  const fragment = new URLSearchParams(address.hash.slice(1));
  if (!fragment.has("token")) return shared;
  fragment.delete("token");
  shared.hash = fragment.toString();
  return shared;
}

/** The same address with the room in it. */
export function addressOf(room: string, address: URL): URL {
  const named = new URL(address);
  named.searchParams.set("room", room);
  return named;
}

/** A friendly name that nobody else has. Whoever knows a room's name may enter, so it must not be guessable either. */
export function randomRoom(): string {
  return `${pick(qualities)}-${pick(things)}-${tail()}`;
}

/** A name for somebody who has not said theirs. */
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
