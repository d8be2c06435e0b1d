import type { ServerSetting } from "../../../../client/server/administration.ts";
import { Table } from "../../parts/table.tsx";
import { isChanged, shownValue } from "./shown-settings.ts";

export interface SettingsTableProps {
  readonly caption: string;
  readonly settings: readonly ServerSetting[];
}

/** Settings with their values, where each is from, and when a new value takes effect. */
export function SettingsTable({ caption, settings }: SettingsTableProps) {
  return (
    <div class="settings-table">
      <Table
        caption={caption}
        rows={settings}
        keyOf={({ setting }) => setting}
        columns={[
          { label: "Setting", cell: ({ setting }) => <code>{setting}</code> },
          { label: "Value", cell: ({ value }) => <SettingValue value={value} /> },
          {
            label: "From",
            cell: (setting) =>
              isChanged(setting) ? (
                <span class="origin">{setting.origin}</span>
              ) : (
                <span class="hint">{setting.origin === "default" ? "Default" : "–"}</span>
              ),
          },
          {
            label: "Changes apply",
            cell: ({ reloadable }) => <span class="hint">{reloadable ? "After a reload" : "After a restart"}</span>,
          },
        ]}
      />
    </div>
  );
}

function SettingValue({ value }: Pick<ServerSetting, "value">) {
  const shown = shownValue(value);
  if (shown.kind === "unset") return <span class="hint">Not set</span>;
  if (shown.kind === "secret") return <span class="hint">Set, not shown</span>;
  return (
    <code class="setting-value">
      <bdi>{shown.text}</bdi>
    </code>
  );
}
