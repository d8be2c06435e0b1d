import { useEffect, useRef, useState } from "preact/hooks";
import { useValue, Value } from "../../shared/value.ts";
import type { RoomClient } from "../room-client.ts";
import { Board, type BoardTool } from "./board.ts";
import type { BoardView } from "./board-painter.ts";
import { BoardToolbar } from "./board-toolbar.tsx";

/** The time in which the board that was cleared can be brought back with one click. */
const clearedMs = 8_000;

const nothing = new Value(false);

export function BoardPanel({ client }: { readonly client: RoomClient }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [board, setBoard] = useState<Board | undefined>(undefined);
  const [tool, setTool] = useState<BoardTool>({ kind: "pen", color: undefined });
  const [announcement, announce] = useState("");
  const [view, show] = useState<BoardView>({ hasMore: false, isEmpty: true });
  const [isCleared, setCleared] = useState(false);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const opened = new Board(canvas.current, { client, announce, show });
    setBoard(opened);
    return opened.attach();
  }, [client]);
  useEffect(() => {
    if (!isCleared) return undefined;
    const timer = setTimeout(() => setCleared(false), clearedMs);
    return () => clearTimeout(timer);
  }, [isCleared]);
  const access = useValue(client.access.state);
  const canUndo = useValue(board?.strokes.canUndo ?? nothing);
  const { color } = useValue(client.own.profile);
  const canWrite = access === "write";
  const choose = (chosen: BoardTool) => {
    setTool(chosen);
    if (board !== undefined) board.tool = chosen;
  };
  const clear = () => {
    board?.strokes.clear();
    setCleared(true);
  };
  const undo = () => {
    board?.strokes.undo();
    setCleared(false);
  };
  return (
    <section class="panel board" aria-labelledby="board-title">
      <header>
        <h2 id="board-title">Board</h2>
        <BoardToolbar
          tool={tool}
          ownColor={color}
          canWrite={canWrite}
          canUndo={canUndo}
          isEmpty={view.isEmpty && !view.hasMore}
          choose={choose}
          undo={undo}
          clear={clear}
        />
      </header>
      <div class="canvas-frame" data-tool={tool.kind}>
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a screen reader would otherwise handle the arrow keys itself */}
        <canvas
          ref={canvas}
          role="application"
          aria-label="Shared board"
          aria-describedby="board-help"
          aria-disabled={!canWrite}
          tabIndex={0}
        />
        {view.isEmpty && canWrite && (
          <span class="ghost" aria-hidden="true">
            Draw here
          </span>
        )}
        <p id="board-help" class="board-help">
          {access === "read" ? "Read only." : "Arrow keys move, Space draws, Ctrl+Z undoes."}
        </p>
        <p class="toast" role="status">
          {isCleared && view.isEmpty && (
            <>
              Board cleared for everyone.{" "}
              <button type="button" onClick={undo}>
                Bring it back
              </button>
            </>
          )}
        </p>
      </div>
      {view.hasMore && <p class="hint">This board holds content that this demo cannot show.</p>}
      <span class="unseen" aria-live="polite">
        {announcement}
      </span>
    </section>
  );
}
