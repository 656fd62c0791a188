// The look of a chart: the options for uPlot.

import uPlot from './uplot/uPlot.esm.js';
import {formatShort, formatTime} from './format.js';
import {toLocal} from './zoned-time.js';

const DAY_S = 86_400;
const MONTH_S = 28 * DAY_S;
const MIN_BAR_PX = 3.5;
const VALUES_PX = 52;
const AXIS_FONT = '12px system-ui, sans-serif';

/** Ticks are at whole numbers only, because there are no half clicks. */
const WHOLE_INCREMENTS = Array.from({length: 16}, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/** Few points are drawn as bars, each as wide as its step, and many as a line. */
export function areBars(points, widthPx) {
  return (widthPx - VALUES_PX) / points.times.length >= MIN_BAR_PX;
}

/** The series for uPlot: seconds, completed steps, the running step, the previous period. */
export function chartData({times, clicks, before, running}) {
  const closed = clicks.map((count, at) => (at === running ? null : count));
  const now = clicks.map((count, at) => (at === running ? count : null));
  return [times.map((ms) => ms / 1_000), closed, now, times.map((_, at) => before?.[at] ?? null)];
}

/**
 * @param {object} points what is shown first
 * @param {HTMLElement} container the element whose colours are used
 * @param {() => object} current returns what is shown at the moment
 */
export function chartOptions(points, container, current) {
  const bars = areBars(points, container.clientWidth);
  const color = colors(container);
  const axis = {stroke: color('--text-quiet'), font: AXIS_FONT, ticks: {show: false}};
  const hidden = {points: {show: false}};
  const barPaths = uPlot.paths.bars({size: [0.8, 72], align: 1, radius: 0.12});
  return {
    width: container.clientWidth,
    height: container.clientHeight,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), points.zone),
    padding: [12, 24, 0, 0], // on the right, space for half of the last label
    legend: {show: false},
    cursor: {y: false, points: {show: false}, drag: {x: true, y: false, setScale: false}},
    scales: {
      x: {time: true, range: () => [current().from / 1_000, current().to / 1_000]},
      y: {range: (_, __, highest) => [0, Math.max((highest ?? 0) * 1.08, 4)]},
    },
    axes: [
      {
        ...axis,
        size: 30,
        space: 56,
        grid: {show: false},
        values: (_, ticks, __, ___, incrementS) => timeLabels(ticks, incrementS, points.zone),
      },
      {
        ...axis,
        size: VALUES_PX,
        incrs: WHOLE_INCREMENTS,
        grid: {stroke: color('--chart-grid'), width: 1},
        values: (_, ticks) => ticks.map(formatShort),
      },
    ],
    series: [
      {},
      bars
        ? {...hidden, fill: color('--chart-now'), width: 0, paths: barPaths}
        : {...hidden, stroke: color('--chart-now'), width: 1.75, fill: color('--accent-soft')},
      bars
        ? {...hidden, fill: color('--chart-running'), width: 0, paths: barPaths}
        : {points: {show: true, size: 6, fill: color('--chart-running'), stroke: color('--chart-running')}},
      {...hidden, stroke: color('--chart-before'), width: 1.75, dash: [5, 4],
        paths: bars ? uPlot.paths.stepped({align: 1}) : uPlot.paths.linear()},
    ],
  };
}

function timeLabels(ticks, incrementS, zone) {
  return ticks.map((seconds) => {
    const ms = seconds * 1_000;
    if (incrementS >= MONTH_S) {
      return formatTime(ms, 'monthOfYear', zone);
    }
    const isMidnight = toLocal(ms, zone) % (DAY_S * 1_000) === 0;
    return formatTime(ms, incrementS >= DAY_S || isMidnight ? 'dayOfMonth' : 'time', zone);
  });
}

const COLORS = ['--text-quiet', '--chart-grid', '--chart-now', '--chart-running', '--chart-before', '--accent-soft'];

/** Resolves the colours of the style sheet, which depend on the theme, for the canvas. */
function colors(container) {
  const probe = document.createElement('span');
  container.append(probe);
  const resolved = {};
  for (const name of COLORS) {
    probe.style.color = `var(${name})`;
    resolved[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return (name) => resolved[name];
}
