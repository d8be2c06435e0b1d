import type { RowState } from "../diagnosis/rows.ts";

const paths: Readonly<Record<RowState, string>> = {
  ok: "M4.5 8.3 7 10.8 11.5 5.6",
  warning: "M8 4.4v4.4M8 11.2v.2",
  failed: "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6",
  skipped: "M5 8h6",
  waiting: "",
  running: "",
};

/** A round sign of a state. The words are beside it. */
export function StateIcon({ state }: { readonly state: RowState }) {
  return (
    <svg class="state-icon" data-state={state} viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="7" />
      <path d={paths[state]} />
    </svg>
  );
}
