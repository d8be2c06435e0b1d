import { colors, isAlike } from "../../shared/people/color.ts";
import type { BoardTool } from "./board.ts";

export interface BoardToolbarProps {
  readonly tool: BoardTool;
  readonly ownColor: string;
  readonly canWrite: boolean;
  readonly canUndo: boolean;
  readonly isEmpty: boolean;
  readonly choose: (tool: BoardTool) => void;
  readonly undo: () => void;
  readonly clear: () => void;
}

const icons = {
  pen: "M3 17l1-4L14 3l3 3L7 16z",
  eraser: "M8 17h9M3 12l7-7 6 6-6 6H7z",
  undo: "M7 4L3 8l4 4M3 8h9a4 4 0 010 8H8",
  clear: "M3 6h14M8 6V3h4v3M5 6l1 11h8l1-11",
};

/** The colours besides the person's own. */
const otherColorCount = 4;

export function BoardToolbar(props: BoardToolbarProps) {
  const { tool, ownColor, canWrite, canUndo, isEmpty, choose, undo, clear } = props;
  const others = colors.filter((color) => !isAlike(color, ownColor)).slice(0, otherColorCount);
  const isPen = tool.kind === "pen";
  return (
    <fieldset class="toolbar" aria-label="Board tools">
      <Tool
        icon="pen"
        label="Pen"
        isPressed={isPen}
        isDisabled={!canWrite}
        use={() => choose({ ...tool, kind: "pen" })}
      />
      <Tool
        icon="eraser"
        label="Eraser"
        isPressed={!isPen}
        isDisabled={!canWrite}
        use={() => choose({ ...tool, kind: "eraser" })}
      />
      <span class="swatches">
        {[undefined, ...others].map((color, index) => (
          <button
            key={color ?? "own"}
            type="button"
            class="quiet swatch"
            aria-label={color === undefined ? "Your colour for drawing" : `Colour ${index}`}
            aria-pressed={isPen && tool.color === color}
            disabled={!canWrite}
            onClick={() => choose({ kind: "pen", color })}
          >
            <span style={{ backgroundColor: color ?? ownColor }} />
          </button>
        ))}
      </span>
      <Tool icon="undo" label="Undo" isDisabled={!(canWrite && canUndo)} use={undo} />
      <Tool icon="clear" label="Clear board" isDisabled={!canWrite || isEmpty} use={clear} />
    </fieldset>
  );
}

interface ToolProps {
  readonly icon: keyof typeof icons;
  readonly label: string;
  readonly isPressed?: boolean;
  readonly isDisabled: boolean;
  readonly use: () => void;
}

function Tool({ icon, label, isPressed, isDisabled, use }: ToolProps) {
  return (
    <button
      type="button"
      class="quiet tool"
      aria-label={label}
      title={label}
      aria-pressed={isPressed}
      disabled={isDisabled}
      onClick={use}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <path d={icons[icon]} />
      </svg>
    </button>
  );
}
