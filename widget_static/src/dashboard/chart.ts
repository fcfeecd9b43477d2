// Draws the charts of the overview from its table of days (of a long span: weeks or months), so that both show the same
// figures. A day opens its rows.

import uPlot from "uplot";

const HEIGHT = 200;
/** Up to this many days stand as bars, more as lines. */
const BARS_MAX = 62;
const LANGUAGE = document.documentElement.lang;
const DAY = new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "short", timeZone: "UTC" });
const SHORT = new Intl.NumberFormat(LANGUAGE, { notation: "compact" });

interface Day {
  name: string;
  moment: number;
  cells: Map<string, HTMLTableCellElement>;
}

function readDays(): Day[] {
  return [...document.querySelectorAll<HTMLTableRowElement>("#each-period tr[data-day]")].map((row) => ({
    name: row.cells[0]?.textContent?.trim() ?? "",
    moment: Date.parse(`${row.dataset.day}T00:00:00Z`) / 1000,
    cells: new Map([...row.querySelectorAll<HTMLTableCellElement>("td[data-figure]")].map((cell) =>
      [cell.dataset.figure ?? "", cell])),
  }));
}

/** Returns the present colour of an element's ::before or of its text: it follows the scheme. */
const colour = (element: Element, pseudo?: string): string => getComputedStyle(element, pseudo).color;

function series(name: string, key: Element, index: number, count: number, areBars: boolean): uPlot.Series {
  const paint = (): string => colour(key, "::before");
  const alignments = count === 1 ? [0] : [-1, 1];
  const bars = uPlot.paths.bars?.({ size: [0.7 / count, 32], align: (alignments[index] ?? 0) as 0 });
  return {
    label: name, stroke: paint, width: areBars ? 0 : 1.5, points: { show: false },
    ...(areBars ? { fill: paint, ...(bars ? { paths: bars } : {}) } : {}),
  };
}

function axes(figure: Element): uPlot.Axis[] {
  const shared = { stroke: () => colour(figure), font: "12px system-ui, sans-serif" };
  const line = (): string => getComputedStyle(figure).borderTopColor;
  return [
    { ...shared, size: 28, grid: { show: false }, ticks: { show: false },
      values: (_, splits) => splits.map((one) => DAY.format(one * 1000)), incrs: [1, 2, 3, 7, 14, 30, 61, 91, 182, 365]
        .map((days) => days * 86400) },
    { ...shared, size: 48, grid: { stroke: line, width: 1 }, ticks: { show: false },
      values: (_, splits) => splits.map((one) => Number.isInteger(one) ? SHORT.format(one) : "") },
  ];
}

/** Returns the figure whose value is nearest to the pointer. */
function nearest(plot: uPlot, names: string[], at: number): string | undefined {
  const height = plot.posToVal(plot.cursor.top ?? 0, "y");
  const distance = (index: number): number => Math.abs((plot.data[index + 1]?.[at] ?? 0) - height);
  return names.map((name, index) => ({ name, distance: distance(index) }))
    .sort((one, other) => one.distance - other.distance)[0]?.name;
}

function draw(figure: HTMLElement, days: Day[]): void {
  const names = (figure.dataset.chart ?? "").split(" ");
  const keys = [...figure.querySelectorAll(".key")];
  const values = (name: string): number[] => days.map((day) => Number(day.cells.get(name)?.dataset.value));
  const areBars = days.length <= BARS_MAX;
  const said = document.createElement("output");
  const text = (at: number): string => names.map((name, index) =>
    `${keys[index]?.textContent}: ${days[at]?.cells.get(name)?.textContent?.trim()}`).join(", ");
  const body = document.createElement("div");
  body.setAttribute("aria-hidden", "true");  // the table has the same figures
  figure.append(body, said);
  const moments = days.map((day) => day.moment);
  const edge = areBars ? ((moments.at(-1) ?? 0) - (moments[0] ?? 0)) / (days.length - 1) / 2 : 0;
  const plot = new uPlot({
    width: body.clientWidth || 300, height: HEIGHT, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"),
    legend: { show: false }, cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: true, range: (_, low, high) => [low - edge, high + edge] },
      y: { range: (_, low, high) => [Math.min(0, low), Math.max(4, high) * 1.05] },
    },
    axes: axes(figure),
    series: [{}, ...names.map((name, at) => series(name, keys[at] ?? figure, at, names.length, areBars))],
    hooks: {
      setCursor: [({ cursor: { idx } }) => {
        said.textContent = idx == null ? "" : `${days[idx]?.name} – ${text(idx)}`;
      }],
    },
  }, [moments, ...names.map(values)], body);
  plot.over.addEventListener("click", () => {
    const at = plot.cursor.idx;
    const links = at == null ? [] : [nearest(plot, names, at) ?? "", ...names].map((name) =>
      days[at]?.cells.get(name)?.querySelector("a"));
    links.find((link) => link)?.click();
  });
  new ResizeObserver(() => { plot.setSize({ width: body.clientWidth, height: HEIGHT }); }).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { plot.redraw(); });
}

const days = readDays();
if (days.length > 1) {
  for (const figure of document.querySelectorAll<HTMLElement>("[data-chart]")) draw(figure, days);
}
