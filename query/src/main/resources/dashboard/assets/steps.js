// Steps of time and the ranges that are shown by them. Where a step begins is the server's decision: its answers say it.

import {getJson} from './api.js';
import {DAY_MS, HOUR_MS, MINUTE_MS, daysBefore} from './zoned-time.js';

/** The API's steps that are offered, the finest first, with their usual length. */
export const STEPS = {
  minute: {name: 'Minute', lengthMs: MINUTE_MS, maxAutoMs: 6 * HOUR_MS},
  hour: {name: 'Hour', lengthMs: HOUR_MS, maxAutoMs: 7 * DAY_MS},
  day: {name: 'Day', lengthMs: DAY_MS, maxAutoMs: 100 * DAY_MS},
  week: {name: 'Week', lengthMs: 7 * DAY_MS, maxAutoMs: 2 * 366 * DAY_MS},
  month: {name: 'Month', lengthMs: 30 * DAY_MS, maxAutoMs: Infinity},
};

/** Ranges that end now. */
export const RANGES = {
  '1h': {name: '1 h', title: 'Last hour', lengthMs: HOUR_MS},
  '6h': {name: '6 h', title: 'Last 6 hours', lengthMs: 6 * HOUR_MS},
  '24h': {name: '24 h', title: 'Last 24 hours', lengthMs: DAY_MS},
  '7d': {name: '7 d', title: 'Last 7 days', lengthMs: 7 * DAY_MS},
  '30d': {name: '30 d', title: 'Last 30 days', lengthMs: 30 * DAY_MS},
  '1y': {name: '1 y', title: 'Last 12 months', lengthMs: 365 * DAY_MS},
};

/** A chart of more points is hard to read and slow to load. */
const MAX_POINTS = 3_000;

/** No step is longer than its usual length times this: a day has up to 25 hours, a month up to 31 days. */
const MAX_LENGTH_RATIO = 1.1;

/** The latest question about steps and its answer, which does not change. */
let known = {question: '', starts: []};

/** The step that suits a range of this length. */
export function automaticStep(lengthMs) {
  return Object.keys(STEPS).find((step) => lengthMs <= STEPS[step].maxAutoMs);
}

export function isPossible(step, lengthMs) {
  return lengthMs / STEPS[step].lengthMs <= MAX_POINTS;
}

/** Widens a period to whole steps, and counts them. */
export async function wholeSteps({from, to}, step, zone) {
  const starts = await startsAround(from, to, step, zone);
  const first = Math.max(starts.findLastIndex((ms) => ms <= from), 0); // there is nothing before 1970
  const end = starts.findIndex((ms) => ms >= to);
  return {from: starts[first], to: starts[end], count: end - first};
}

/** The range that ends with the running step: whole steps, so that they can be compared. */
export function rangeUntilNow(range, step, zone, nowMs) {
  const {lengthMs} = RANGES[range];
  const stepMs = STEPS[step].lengthMs;
  const from = stepMs < DAY_MS
    ? nowMs - Math.max(lengthMs - stepMs, 0)
    : daysBefore(nowMs, Math.ceil(lengthMs / DAY_MS) - 1, zone);
  return wholeSteps({from, to: nowMs + 1}, step, zone);
}

/** The start of the step that is `count` steps after the one that starts at `start`, or before it if negative. */
export async function addSteps(start, step, count, zone) {
  const other = start + count * STEPS[step].lengthMs * MAX_LENGTH_RATIO;
  const starts = await startsAround(Math.min(start, other), Math.max(start, other), step, zone);
  return starts[Math.max(starts.indexOf(start) + count, 0)]; // there is nothing before 1970
}

/** The starts of all steps from the one that contains `from` to the first one that does not start before `to`. */
async function startsAround(from, to, step, zone) {
  // Full hours are known for all times, and asked for only once an hour. The steps of all banners are the same.
  const parameters = {
    from: new Date(Math.floor(from / HOUR_MS) * HOUR_MS).toISOString(),
    to: new Date(Math.ceil((to + STEPS[step].lengthMs * MAX_LENGTH_RATIO) / HOUR_MS) * HOUR_MS).toISOString(),
    step,
    tz: zone,
    fill: 'zero',
  };
  const question = JSON.stringify(parameters);
  if (known.question !== question) {
    const {stats} = await getJson('/v1/banners/stats/1', parameters);
    known = {question, starts: stats.map(({ts}) => Date.parse(ts))};
  }
  return known.starts;
}
