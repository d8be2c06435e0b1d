import { useState } from "preact/hooks";
import type { MadeBackup, ServerFacts } from "../../../../client/server/administration.ts";
import { remedyOf } from "../../data/problem-remedy.ts";
import { sentenceOf } from "../../data/sentence-of.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { Ago } from "../../parts/ago.tsx";
import { announce } from "../../parts/announcer.tsx";
import { Empty } from "../../parts/empty.tsx";
import { formatBytes, formatCount, formatCounted, formatTime } from "../../parts/formats.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { SettingsTable } from "../configuration/settings-table.tsx";

/** The backups that the server makes by itself, and one more on demand. */
export function BackupSection() {
  const { client } = useSession();
  const facts = useRead({ key: "server", everyMs: 10_000, read: (signal) => client.server.get({ signal }) });
  const settings = useRead({ key: "configuration", read: (signal) => client.server.configuration({ signal }) });
  const [made, setMade] = useState<MadeBackup>();
  const [isBusy, setBusy] = useState(false);
  const backUp = async () => {
    setBusy(true);
    try {
      const backup = await client.server.backup();
      setMade(backup);
      announce(
        backup.damaged === 0 ? "The backup was made and verified." : "The backup was made, but has damaged updates.",
      );
      facts.refresh();
    } catch (error) {
      announce(sentenceOf(error), "away");
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <section class="panel stack" aria-labelledby="backups-title">
        <LoadedPart of={facts.state} retry={facts.refresh}>
          {({ backup, cluster, problems }) => (
            <>
              <header>
                <h2 id="backups-title">Backups</h2>
                {backup !== null && (
                  <button
                    type="button"
                    class="button primary"
                    aria-disabled={isBusy}
                    onClick={() => void (isBusy || backUp())}
                  >
                    {isBusy ? "Backing up…" : "Back up now"}
                  </button>
                )}
              </header>
              {backup === null ? <NoBackups cluster={cluster} /> : <BackupTimes backup={backup} problems={problems} />}
              {made !== undefined && <MadeFacts made={made} />}
            </>
          )}
        </LoadedPart>
      </section>
      <section class="panel stack" aria-labelledby="backup-settings-title">
        <header>
          <h2 id="backup-settings-title">Settings</h2>
        </header>
        <LoadedPart of={settings.state} retry={settings.refresh}>
          {(all) => (
            <SettingsTable
              caption="Backup settings"
              settings={all.filter(({ setting }) => setting.startsWith("backup."))}
            />
          )}
        </LoadedPart>
      </section>
    </>
  );
}

function NoBackups({ cluster }: Pick<ServerFacts, "cluster">) {
  if (cluster !== null)
    return (
      <Empty title="Yurt makes no backups of a shared database">
        <p>
          The documents are in the database <code>{cluster.database}</code>. Back that up with its own programs:{" "}
          <code>pg_dump</code>, or an archive of its write-ahead log.
        </p>
      </Empty>
    );
  return (
    <Empty title="No backups are scheduled">
      <p>
        Start the server with <code>--backup-every 24h</code>: it then makes verified backups of all documents while it
        runs.
      </p>
    </Empty>
  );
}

interface BackupTimesProps extends Pick<ServerFacts, "problems"> {
  readonly backup: NonNullable<ServerFacts["backup"]>;
}

function BackupTimes({ backup: { lastFailureAt, lastSuccessAt }, problems }: BackupTimesProps) {
  const isFailing = lastFailureAt !== null && (lastSuccessAt === null || lastFailureAt > lastSuccessAt);
  return (
    <>
      {isFailing && (
        <div class="alert" data-tone="away">
          <p>The last backup failed. {remedyOf(problems, ["backup-failed"]) ?? "The log shows why."}</p>
        </div>
      )}
      <dl class="settings-facts">
        <div>
          <dt>Last backup</dt>
          <dd>{lastSuccessAt === null ? "None yet" : <Moment time={lastSuccessAt} />}</dd>
        </div>
        <div>
          <dt>Last failure</dt>
          <dd>{lastFailureAt === null ? "None since the start" : <Moment time={lastFailureAt} />}</dd>
        </div>
      </dl>
    </>
  );
}

function Moment({ time }: { readonly time: string }) {
  return (
    <>
      <Ago time={time} /> <span class="hint">{formatTime(time)}</span>
    </>
  );
}

function MadeFacts({ made: { bytes, damaged, documents, file, ms } }: { readonly made: MadeBackup }) {
  return (
    <div class="alert" data-tone={damaged === 0 ? "good" : "away"}>
      <p>
        <strong>{formatBytes(bytes)}</strong> with {formatCounted(documents, "document")}, in {formatCount(ms)} ms:{" "}
        <code class="path">{file}</code>
      </p>
      {damaged > 0 && (
        <p>
          Damaged: {formatCounted(damaged, "update")}, also in the data folder. Keep earlier backups;{" "}
          <code>yurt backup --verify</code> names the documents.
        </p>
      )}
    </div>
  );
}
