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
  /** The values are whole numbers, and so are the labels of the axis. */
  readonly isWhole?: boolean;
}

/** Lines over time. The legend has the latest values, or those under the pointer; screen readers read `label`. */
export function Chart({ format, height = 160, isWhole = false, label, series, times }: ChartProps) {
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
      const options = optionsOf({ ...latest.current, element, height, isWhole });
      chart.current = new UPlot(options, latest.current.data, element);
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
  }, [lines, height, isWhole]);
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
  readonly isWhole: boolean;
}

/** The axis of time is at least so long, in seconds: a server that was just started has few values. */
const leastSpan = 300;

function spanOf({ data: [times] }: UPlot, first: number | null, last: number | null): [number, number] {
  // The chart takes the day after a single time as the span.
  const end = (times.length === 1 ? times[0] : last) ?? Date.now() / 1_000;
  return [Math.min(first ?? end, end - leastSpan), end];
}

/** The distances of labels on an axis of whole numbers. */
const wholeSteps = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

function optionsOf({ element, format, height, isWhole, series }: Drawing): UPlot.Options {
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
    scales: { x: { range: spanOf }, y: { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.1)] } },
    axes: [
      {
        ...axis,
        size: 30,
        values: (_, ticks) => ticks.map((tick) => timeOfDay(tick, (ticks[1] ?? 0) - (ticks[0] ?? 0))),
      },
      { ...axis, size: 64, values: (_, ticks) => ticks.map(format), ...(isWhole && { incrs: wholeSteps }) },
    ],
    hooks: { setCursor: [showLatest], setData: [showLatest], ready: [showLatest] },
    series: [
      { value: (_, seconds) => (isMeasured(seconds) ? timeOfDay(seconds, 0) : "–") },
      ...series.map(({ colour, label }) => ({
        label,
        stroke: token(colour),
        width: 2,
        points: { size: 4, filter: isolatedIn },
        value: (_: UPlot, value: number | null | undefined) => (isMeasured(value) ? format(value) : "–"),
      })),
    ],
  };
}

/** A time in seconds since 1970; with seconds where the ticks are less than a minute apart. */
function timeOfDay(seconds: number, distance: number): string {
  const precision = distance < 60 ? ({ second: "2-digit" } as const) : {};
  return new Date(seconds * 1_000).toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...precision,
  });
}

/** The legend has the latest values unless the pointer is over the chart. */
function showLatest(chart: UPlot): void {
  if (typeof chart.cursor.idx !== "number" && chart.data[0].length > 0)
    chart.setLegend({ idx: chart.data[0].length - 1 }, false);
}

/** The values without a neighbour, which no line shows. */
function isolatedIn(chart: UPlot, index: number): number[] {
  const values = chart.data[index] ?? [];
  return Array.from(values, (_, at) => at).filter(
    (at) => isMeasured(values[at]) && !isMeasured(values[at - 1]) && !isMeasured(values[at + 1]),
  );
}

function isMeasured(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}
