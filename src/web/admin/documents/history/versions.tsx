import { useState } from "preact/hooks";
import type { Document } from "../../../../client/document.ts";
import type { Version } from "../../../../client/history.ts";
import { sentenceOf } from "../../data/sentence-of.ts";
import { linkTo } from "../../frame/address.ts";
import { Ago } from "../../parts/ago.tsx";
import { announce } from "../../parts/announcer.tsx";
import { formatTime } from "../../parts/formats.ts";

const mostUsers = 3;
const shortTimes = new Intl.DateTimeFormat("en", {
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
});

export interface VersionsProps {
  readonly document: Document;
  /** The newest first. */
  readonly versions: readonly Version[];
  /** The id of the version that is shown. */
  readonly chosen: string | undefined;
  /** Undefined if there are no more. */
  readonly showMore: (() => void) | undefined;
  /** Called when a version was created. */
  readonly changed: () => void;
}

/** The versions of a document, and a form that creates one of its current state. */
export function Versions({ changed, chosen, document, showMore, versions }: VersionsProps) {
  return (
    <section class="panel versions" aria-labelledby="versions-title">
      <h2 id="versions-title">Versions</h2>
      <NameForm document={document} changed={changed} />
      {versions.length === 0 ? (
        <p class="hint">
          No versions yet. If the server keeps a history, it creates one after ten minutes without a change, and when
          the last client leaves.
        </p>
      ) : (
        <ul>
          {versions.map((version) => (
            <li key={version.id}>
              <a
                href={linkTo("documents", [document.name], { tab: "history", at: version.id })}
                aria-current={version.id === chosen ? "true" : undefined}
              >
                <VersionTitle version={version} />
                <span class="hint">
                  <Ago time={version.at} />
                </span>
                {version.users.length > 0 && <span class="hint version-users">{usersText(version.users)}</span>}
              </a>
            </li>
          ))}
        </ul>
      )}
      {showMore !== undefined && (
        <button type="button" onClick={showMore}>
          Show older versions
        </button>
      )}
    </section>
  );
}

/** The name of a version, or the time of an automatic one. */
function VersionTitle({ version: { at, id, name } }: { readonly version: Version }) {
  if (name !== null) {
    return (
      <bdi class="version-name" title={at === null ? undefined : formatTime(at)}>
        {name}
      </bdi>
    );
  }
  return <span>{at === null ? id : shortTimes.format(new Date(at))}</span>;
}

function usersText(users: readonly string[]): string {
  const rest = users.length - mostUsers;
  return rest > 0 ? `${users.slice(0, mostUsers).join(", ")} and ${rest} more` : users.join(", ");
}

function NameForm({ changed, document }: Pick<VersionsProps, "changed" | "document">) {
  const [name, setName] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (name.trim() === "" || isBusy) return;
    setBusy(true);
    try {
      await document.history.nameVersion(name.trim());
      announce(`The version “${name.trim()}” was created.`);
      setName("");
      changed();
    } catch (error) {
      announce(sentenceOf(error), "away");
    }
    setBusy(false);
  };
  return (
    <form class="name-version" onSubmit={(event) => void submit(event)}>
      <label>
        <span class="unseen">Name of the new version</span>
        <input
          value={name}
          maxLength={200}
          placeholder="Version name"
          autocomplete="off"
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={isBusy || name.trim() === ""}>
        Create
      </button>
    </form>
  );
}
