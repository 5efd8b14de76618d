import uPlot from "uplot";

import { compact, exact } from "@/lib/format";
import { dates } from "@/lib/intl";

import type { ChartSeries } from "../chart";
import { colourOf as colour } from "../colour";

/** What is counted has no halves: 1, 2, 5, 10, 20, … between two lines of the grid. */
const WHOLE = Array.from({ length: 36 }, (_, at) => ([1, 2, 5][at % 3] ?? 1) * 10 ** Math.floor(at / 3));

/** How a chart looks: thin lines in the colours of the theme, a quiet grid, values under it that follow the cursor. */
export function optionsOf(
  root: HTMLElement,
  chart: { series: readonly ChartSeries[]; height: number; sync?: string },
  locale: string,
): uPlot.Options {
  const style = getComputedStyle(root);
  const axis = { stroke: colour(root, "--ink-muted"), font: `11px ${style.fontFamily}`, ticks: { show: false } };
  const grid = { stroke: colour(root, "--border"), width: 1 };
  return {
    width: root.clientWidth,
    height: chart.height,
    padding: [8, 20, 0, 0],
    cursor: { points: { size: 6 }, y: false, ...(chart.sync ? { sync: { key: chart.sync } } : {}) },
    legend: { live: true, markers: { width: 0, fill: (_, at) => colour(root, chart.series[at - 1]?.colour ?? "--ink") } },
    axes: [
      { ...axis, grid: { show: false }, space: 70, values: (_, times) => times.map((time, at) => tick(time, times[at - 1], locale)) },
      { ...axis, grid, size: 44, incrs: WHOLE, values: (_, values) => values.map((value) => compact(value, locale)) },
    ],
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.08)] } },
    series: [
      { value: (_, time) => (typeof time === "number" ? exact(time * 1000, locale) : ""), label: "" },
      ...chart.series.map((one) => line(root, one, locale)),
    ],
  };
}

function line(root: HTMLElement, series: ChartSeries, locale: string): uPlot.Series {
  const stroke = colour(root, series.colour);
  return {
    label: series.label,
    stroke,
    width: 1.5,
    points: { show: false },
    ...(series.filled ? { fill: `color-mix(in srgb, ${stroke} 12%, transparent)` } : {}),
    value: (_, value) => (typeof value === "number" ? (series.format?.(value) ?? compact(value, locale)) : ""),
  };
}

/** The hour, and where a new day begins its date. */
function tick(time: number, before: number | undefined, locale: string): string {
  const date = new Date(time * 1000);
  const isNewDay = before === undefined || new Date(before * 1000).getDate() !== date.getDate();
  const day = dates(locale, { month: "short", day: "numeric" }).format(date);
  const hour = dates(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(date);
  return isNewDay && hour === "00:00" ? day : hour;
}
