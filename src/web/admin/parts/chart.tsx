import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";

export interface Series {
  readonly label: string;
  /** A design token, such as `--accent`. */
  readonly colour: string;
  /** One value for each time; null where nothing was measured. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  /** The name of the chart, and what it says, for screen readers. */
  readonly label: string;
  /** Epoch milliseconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly height?: number;
}

/** Lines over time. The legend has the values under the pointer; screen readers read `label`. */
export function Chart({ format, height = 160, label, series, times }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | undefined>(undefined);
  const data: UPlot.AlignedData = [times.map((time) => time / 1_000), ...series.map(({ values }) => [...values])];
  const latest = useRef({ data, format, series });
  latest.current = { data, format, series };
  const lines = series.map(({ colour, label: name }) => `${name} ${colour}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: other lines need another chart
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new UPlot(optionsOf({ ...latest.current, element, height }), latest.current.data, element);
    };
    draw();
    const resized = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      scheme.removeEventListener("change", draw);
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [lines, height]);
  useEffect(() => chart.current?.setData(data));
  return (
    <figure class="chart" role="img" aria-label={label}>
      <div ref={box} />
    </figure>
  );
}

interface Drawing extends Pick<ChartProps, "format" | "series"> {
  readonly element: HTMLElement;
  readonly height: number;
}

function optionsOf({ element, format, height, series }: Drawing): UPlot.Options {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: token("--quiet"),
    grid: { stroke: token("--line"), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height,
    cursor: { y: false, points: { size: 6 } },
    legend: { live: true },
    scales: { y: { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.1)] } },
    axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map(format) }],
    series: [
      { value: (_, seconds) => (seconds === null ? "" : new Date(seconds * 1_000).toLocaleTimeString()) },
      ...series.map(({ colour, label }) => ({
        label,
        stroke: token(colour),
        width: 2,
        points: { show: false },
        value: (_: UPlot, value: number | null) => (value === null ? "–" : format(value)),
      })),
    ],
  };
}
