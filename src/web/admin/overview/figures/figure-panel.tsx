import { Chart } from "../../parts/chart.tsx";
import { chartText } from "./chart-text.ts";
import type { FigureChart } from "./figure-charts.ts";

export interface FigurePanelProps {
  readonly chart: FigureChart;
  /** Epoch milliseconds, ascending. */
  readonly times: readonly number[];
}

/** One chart with its title. */
export function FigurePanel({ chart, times }: FigurePanelProps) {
  const { format, hint, id, isWhole = false, series, title } = chart;
  return (
    <section class="panel figure-panel" aria-labelledby={`figure-${id}`}>
      <header>
        <h3 id={`figure-${id}`}>{title}</h3>
        <p class="hint">{hint}</p>
      </header>
      <Chart
        label={chartText({ title, times, series, format })}
        times={times}
        series={series}
        format={format}
        height={150}
        isWhole={isWhole}
      />
    </section>
  );
}
