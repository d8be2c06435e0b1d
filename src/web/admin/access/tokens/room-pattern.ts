/** Whether a pattern of a token matches a room's name, by the rules of docs/access.md. */
export function matchesRoom(pattern: string, room: string): boolean {
  const names = room.normalize("NFC").split("/");
  return matches(pattern.normalize("NFC").split("/"), names, (segment, reached) => {
    if (segment === "**") return fromFirst(reached);
    return reached.map((_, end) => end > 0 && reached[end - 1] === true && matchesSegment(segment, names[end - 1]));
  });
}

function matchesSegment(pattern: string, name = ""): boolean {
  return matches([...pattern], [...name], (character, reached, characters) => {
    if (character === "*") return [false, ...fromFirst(reached).slice(0, -1)];
    return reached.map((_, end) => end > 0 && reached[end - 1] === true && characters[end - 1] === character);
  });
}

/** `reached[n]` says whether the pattern matches the first n parts as far as it has been read. */
type Step = (piece: string, reached: readonly boolean[], parts: readonly string[]) => readonly boolean[];

function matches(pattern: readonly string[], parts: readonly string[], step: Step): boolean {
  let reached: readonly boolean[] = [true, ...parts.map(() => false)];
  for (const piece of pattern) reached = step(piece, reached, parts);
  return reached.at(-1) === true;
}

/** True from the first true value on. */
function fromFirst(reached: readonly boolean[]): readonly boolean[] {
  const first = reached.indexOf(true);
  return reached.map((_, end) => first !== -1 && end >= first);
}

/** Whether the text stands for more than the room of this name. */
export function isPattern(text: string): boolean {
  return text.includes("*");
}

/** A room that the pattern matches; of a name the name itself. */
export function exampleRoom(pattern: string): string {
  const segments = pattern.split("/").flatMap((segment) => (segment === "**" ? [] : [segment]));
  const example = segments.map((segment) => segment.replaceAll("*", "a")).join("/");
  return example === "" && isPattern(pattern) ? "a" : example;
}

export interface PatternExamples {
  readonly matched: readonly string[];
  /** Undefined if every room is matched. */
  readonly unmatched: string | undefined;
}

/** Names that a pattern matches, and one that it does not. */
export function examplesOf(pattern: string): PatternExamples {
  const near = exampleRoom(pattern);
  const far = pattern
    .split("/")
    .map((segment) => (segment === "**" ? "a/b" : segment.replaceAll("*", "b")))
    .join("/");
  const candidates = [`${near}/b`, `${far}/c`, near.split("/").slice(0, -1).join("/"), "b", "a/b"];
  return {
    matched: [...new Set([near, far])].filter((room) => matchesRoom(pattern, room)),
    unmatched: candidates.find((room) => room !== "" && !matchesRoom(pattern, room)),
  };
}
