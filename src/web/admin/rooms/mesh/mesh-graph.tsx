import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveFlow } from "./live-flow.ts";
import { type DrawnMesh, MeshDrawing } from "./mesh-drawing.ts";
import type { Size } from "./mesh-layout.ts";

export interface MeshGraphProps extends Omit<DrawnMesh, "size" | "isStill"> {
  /** The graph in words, for screen readers. */
  readonly label: string;
  readonly flow: LiveFlow;
}

/** The members as discs, and the messages between them as they pass. The tables beside it have the same. */
export function MeshGraph({ flow, label, ...mesh }: MeshGraphProps) {
  const svg = useRef<SVGSVGElement>(null);
  const [drawing, setDrawing] = useState<MeshDrawing>();
  const size = useSize(svg);
  const isStill = useReducedMotion();
  useEffect(() => {
    if (svg.current === null) return undefined;
    const made = new MeshDrawing(svg.current);
    setDrawing(made);
    const unsubscribe = flow.batch.subscribe(() => made.pulse(flow.batch.current.messages));
    return () => {
      unsubscribe();
      made.close();
    };
  }, [flow]);
  useEffect(() => {
    if (size !== undefined) drawing?.show({ ...mesh, size, isStill });
  });
  return (
    <div class="mesh-graph" role="img" aria-label={label}>
      <svg width="0" height="0" class="unseen" aria-hidden="true">
        <Arrow id="mesh-arrow" size={8} />
        <Arrow id="mesh-arrow-small" size={5} />
      </svg>
      <svg ref={svg} class="mesh" aria-hidden="true" />
    </div>
  );
}

function Arrow({ id, size }: { readonly id: string; readonly size: number }) {
  const half = size / 2;
  return (
    <marker
      id={id}
      class="mesh-arrow"
      refX={size - 1}
      refY={half}
      markerWidth={size}
      markerHeight={size}
      markerUnits="userSpaceOnUse"
      orient="auto"
    >
      <path d={`M0 0L${size} ${half}L0 ${size}z`} />
    </marker>
  );
}

/** The size of an element in CSS pixels; undefined before it is known. */
function useSize(element: { readonly current: Element | null }): Size | undefined {
  const [size, setSize] = useState<Size>();
  useEffect(() => {
    if (element.current === null) return undefined;
    const resizes = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const [width, height] = [Math.round(entry.contentRect.width), Math.round(entry.contentRect.height)];
      if (width > 0 && height > 0) setSize({ width, height });
    });
    resizes.observe(element.current);
    return () => resizes.disconnect();
  }, [element]);
  return size;
}

function useReducedMotion(): boolean {
  const [isReduced, setReduced] = useState(() => matchMedia("(prefers-reduced-motion: reduce)").matches);
  useEffect(() => {
    const query = matchMedia("(prefers-reduced-motion: reduce)");
    const changed = () => setReduced(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return isReduced;
}
