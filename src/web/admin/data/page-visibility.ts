import type { Visibility } from "./visibility.ts";

export const pageVisibility: Visibility = {
  isVisible: () => document.visibilityState === "visible",
  watch: (changed) => {
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  },
};
