import type { ComponentType } from "preact";
import { linkTo, type ViewProps } from "../frame/address.ts";
import { SubNavigation } from "../parts/sub-navigation.tsx";
import { BackupSection } from "./backups/backup-section.tsx";
import { ConfigurationSection } from "./configuration/configuration-section.tsx";
import { LogSection } from "./log/log-section.tsx";
import { TurnSection } from "./turn/turn-section.tsx";
import { WebhookSection } from "./webhooks/webhook-section.tsx";

interface Section {
  /** The first segment behind the view; empty for the first section. */
  readonly id: string;
  readonly label: string;
  readonly component: ComponentType<ViewProps>;
}

const sections: readonly [Section, ...Section[]] = [
  { id: "", label: "Configuration", component: ConfigurationSection },
  { id: "turn", label: "TURN", component: TurnSection },
  { id: "webhooks", label: "Webhooks", component: WebhookSection },
  { id: "backups", label: "Backups", component: BackupSection },
  { id: "log", label: "Log", component: LogSection },
];

/** The settings of the server, and the parts of it that need no other view. */
export function SettingsView({ place }: ViewProps) {
  const section = sections.find(({ id }) => id === (place.path[0] ?? "")) ?? sections[0];
  const { component: Content } = section;
  return (
    <>
      <h1>Settings</h1>
      <SubNavigation
        label="Settings"
        current={section.id}
        places={sections.map(({ id, label }) => ({ id, label, href: linkTo("settings", id === "" ? [] : [id]) }))}
      />
      <Content place={place} />
    </>
  );
}
