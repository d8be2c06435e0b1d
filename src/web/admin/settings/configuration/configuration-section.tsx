import { Switch } from "../../../shared/switch.tsx";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { goTo, linkTo, type ViewProps } from "../../frame/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { formatCount } from "../../parts/formats.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { SettingsTable } from "./settings-table.tsx";
import { filterSettings, isChanged } from "./shown-settings.ts";

/** The settings in force. The filter is in the address. */
export function ConfigurationSection({ place }: ViewProps) {
  const { client } = useSession();
  const { refresh, state } = useRead({
    key: "configuration",
    read: (signal) => client.server.configuration({ signal }),
  });
  const { changed = "", q: text = "" } = place.query;
  const onlyChanged = changed !== "";
  const show = (query: Readonly<Record<string, string>>) =>
    goTo(linkTo("settings", [], { q: text, changed, ...query }), { replace: true });
  return (
    <section class="panel stack" aria-labelledby="configuration-title">
      <header>
        <h2 id="configuration-title">Configuration</h2>
      </header>
      <p class="hint">
        The settings in force. Change them in the configuration file, the environment or the flags of the server. It
        reloads them on SIGHUP.
      </p>
      <div class="filter-row">
        <label>
          Filter
          <input
            type="search"
            value={text}
            placeholder="turn, 4444, yurt.toml"
            spellcheck={false}
            onInput={({ currentTarget }) => show({ q: currentTarget.value })}
          />
        </label>
        <Switch name="Only changed" isOn={onlyChanged} turn={(isOn) => show({ changed: isOn ? "1" : "" })} />
      </div>
      <LoadedPart of={state} retry={refresh}>
        {(settings) => {
          const shown = filterSettings(settings, { text, onlyChanged });
          return (
            <>
              <p class="hint" role="status">
                {formatCount(shown.length)} of {formatCount(settings.length)} settings,{" "}
                {formatCount(settings.filter(isChanged).length)} changed
              </p>
              {shown.length === 0 ? (
                <Empty title="No setting matches">
                  <button type="button" onClick={() => show({ q: "", changed: "" })}>
                    Show all settings
                  </button>
                </Empty>
              ) : (
                <SettingsTable caption="Settings" settings={shown} />
              )}
            </>
          );
        }}
      </LoadedPart>
    </section>
  );
}
