// Steps of time and the ranges that are shown by them.

import {DAY_MS, HOUR_MS, MINUTE_MS, fromLocal, toLocal} from './zoned-time.js';

/** The API's steps, the finest first, with their usual length. */
export const STEPS = {
  minute: {name: 'Minute', lengthMs: MINUTE_MS, longestAutoMs: 6 * HOUR_MS},
  hour: {name: 'Hour', lengthMs: HOUR_MS, longestAutoMs: 7 * DAY_MS},
  day: {name: 'Day', lengthMs: DAY_MS, longestAutoMs: 100 * DAY_MS},
  week: {name: 'Week', lengthMs: 7 * DAY_MS, longestAutoMs: 2 * 366 * DAY_MS},
  month: {name: 'Month', lengthMs: 30 * DAY_MS, longestAutoMs: Infinity},
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

/** More points than this are no picture any more, and slow to load. */
const MOST_POINTS = 3_000;

/** The step that suits a range of this length. */
export function automaticStep(lengthMs) {
  return Object.keys(STEPS).find((step) => lengthMs <= STEPS[step].longestAutoMs);
}

export function isPossible(step, lengthMs) {
  return lengthMs / STEPS[step].lengthMs <= MOST_POINTS;
}

/** The start of the step in which `ms` is. */
export function stepStart(ms, step, zone) {
  const local = toLocal(ms, zone);
  if (step === 'minute' || step === 'hour') {
    // Not through the local time and back: an hour may come twice.
    return ms - (local % STEPS[step].lengthMs);
  }
  const date = new Date(local);
  date.setUTCHours(0, 0, 0, 0);
  if (step === 'week') {
    const daysSinceMonday = (date.getUTCDay() + 6) % 7;
    date.setUTCDate(date.getUTCDate() - daysSinceMonday);
  } else if (step === 'month') {
    date.setUTCDate(1);
  }
  return fromLocal(date.getTime(), zone);
}

/** The start of the step that is `count` steps after the one that starts at `start`; before it when negative. */
export function addSteps(start, step, count, zone) {
  if (step === 'minute' || step === 'hour') {
    return start + count * STEPS[step].lengthMs;
  }
  const date = new Date(toLocal(start, zone));
  if (step === 'month') {
    date.setUTCMonth(date.getUTCMonth() + count);
  } else {
    date.setUTCDate(date.getUTCDate() + count * (step === 'week' ? 7 : 1));
  }
  return fromLocal(date.getTime(), zone);
}

/** Widens a stretch of time to whole steps. */
export function wholeSteps({from, to}, step, zone) {
  return {from: stepStart(from, step, zone), to: addSteps(stepStart(to - 1, step, zone), step, 1, zone)};
}

/** The range that ends with the running step: whole steps, so that they compare. */
export function rangeUntilNow(range, step, zone, nowMs) {
  const {lengthMs} = RANGES[range];
  const to = addSteps(stepStart(nowMs, step, zone), step, 1, zone);
  if (step === 'minute' || step === 'hour') {
    return {from: to - Math.max(lengthMs, STEPS[step].lengthMs), to};
  }
  const daysBefore = Math.ceil(lengthMs / DAY_MS) - 1;
  const firstDay = addSteps(stepStart(nowMs, 'day', zone), 'day', -daysBefore, zone);
  return {from: stepStart(firstDay, step, zone), to};
}
