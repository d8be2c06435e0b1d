import type { Document } from "../../../../client/document.ts";
import { lastValue } from "../../data/loaded.ts";
import { formatCount } from "../../parts/formats.ts";
import { type ChangeCount, useLiveRead } from "../page/use-live-read.ts";
import { type Author, authorsOf } from "./authors-of.ts";
import { requested, type ShownMoment } from "./moments.ts";

const apartMs = 10_000;
const mostListed = 8;

export interface AuthorsProps {
  readonly document: Document;
  readonly root: string;
  readonly moment: ShownMoment;
  readonly changes: ChangeCount;
}

/** The users who have changed a text since a moment. It shows nothing for XML, which the server does not compare so. */
export function Authors({ changes, document, moment, root }: AuthorsProps) {
  const { state } = useLiveRead({
    key: JSON.stringify([document.name, root, moment]),
    apartMs,
    changes,
    read: (signal) => document.history.diff(root, requested(moment), undefined, { signal }),
  });
  const authors = authorsOf(lastValue(state) ?? []);
  if (authors.length === 0) return null;
  return (
    <ul class="authors hint" aria-label="Changed by">
      {authors.slice(0, mostListed).map((author) => (
        <li key={author.user ?? ""}>
          <bdi>{author.user ?? "unknown user"}</bdi> {countsOf(author)}
        </li>
      ))}
      {authors.length > mostListed && <li>and {authors.length - mostListed} more</li>}
    </ul>
  );
}

function countsOf({ added, removed }: Author): string {
  return [...(added > 0 ? [`+${formatCount(added)}`] : []), ...(removed > 0 ? [`−${formatCount(removed)}`] : [])].join(
    " ",
  );
}
