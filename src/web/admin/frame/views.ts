import type { ComponentType } from "preact";
import { AccessView } from "../access/access-view.tsx";
import { DocumentsView } from "../documents/documents-view.tsx";
import { OverviewView } from "../overview/overview-view.tsx";
import { RoomsView } from "../rooms/rooms-view.tsx";
import { SettingsView } from "../settings/settings-view.tsx";
import type { ViewProps } from "./address.ts";

export interface View {
  /** The first segment of its addresses. */
  readonly id: string;
  readonly label: string;
  /** The path of its icon, in a box of 24 by 24. */
  readonly icon: string;
  readonly component: ComponentType<ViewProps>;
}

/** The views in the order of the navigation. The first one is shown at the beginning. */
export const views: readonly [View, ...View[]] = [
  { id: "overview", label: "Overview", icon: "M4 13h4l3-8 4 14 3-6h2", component: OverviewView },
  {
    id: "rooms",
    label: "Rooms",
    icon: "M6 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM18 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM12 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 6h8M7 8l4 8M17 8l-4 8",
    component: RoomsView,
  },
  { id: "documents", label: "Documents", icon: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6", component: DocumentsView },
  {
    id: "access",
    label: "Access",
    icon: "M8 18a4 4 0 1 1 3.5-6H21v4h-3v3h-3v-3h-3.5A4 4 0 0 1 8 18zM8 14h.01",
    component: AccessView,
  },
  {
    id: "settings",
    label: "Settings",
    icon: "M4 7h10M18 7h2M16 5v4M4 12h3M11 12h9M9 10v4M4 17h8M16 17h4M14 15v4",
    component: SettingsView,
  },
];
