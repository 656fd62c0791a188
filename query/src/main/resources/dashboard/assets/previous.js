// Which step of the previous period corresponds to which of the period that is shown: the one that begins at the same
// time of the calendar. The CSV of the server has the same pairs.

import {STEPS} from './steps.js';
import {DAY_MS, toLocal} from './zoned-time.js';

const MONTH_CHARS = 'yyyy-mm'.length;
const DATE_CHARS = 'yyyy-mm-dd'.length;
const TIME_CHARS = 'yyyy-mm-ddThh:mm'.length;

/**
 * The clicks of the corresponding step of the previous period for each step; null for a step without a counterpart,
 * such as 31 March compared with February.
 *
 * @param {{stats: object[], previous: {stats: object[]}}} answer with all steps
 * @param {{from: number, to: number, step: string}} period
 */
export function clicksBefore({stats, previous}, {from, to, step}, zone) {
  const bounds = [from, to].map((ms) => toLocal(ms, zone));
  const hasDate = STEPS[step].lengthMs >= DAY_MS;
  if (!hasDate && !isWholeDays(to - from) && !isWholeDays(bounds[1] - bounds[0])) {
    return stats.map((_, at) => previous.stats[at]?.v ?? null);
  }
  const unitChars = step !== 'week' && bounds.every(isStartOfMonth) ? MONTH_CHARS : DATE_CHARS;
  const chars = hasDate ? DATE_CHARS : TIME_CHARS;
  const before = new Map();
  placesOf(previous.stats, unitChars, chars).forEach((place, at) => {
    // The clock may show an hour twice.
    if (!before.has(place)) {
      before.set(place, previous.stats[at].v);
    }
  });
  return placesOf(stats, unitChars, chars).map((place) => {
    const clicks = before.get(place) ?? null;
    before.delete(place);
    return clicks;
  });
}

function isWholeDays(ms) {
  return ms % DAY_MS === 0;
}

function isStartOfMonth(local) {
  return isWholeDays(local) && new Date(local).getUTCDate() === 1;
}

/** The number of the month or day in the period, and the rest of the local time. */
function placesOf(stats, unitChars, chars) {
  let number = 0;
  let unit = '';
  return stats.map(({ts}) => {
    const unitOfStep = ts.slice(0, unitChars);
    number += unitOfStep === unit ? 0 : 1;
    unit = unitOfStep;
    return `${number}${ts.slice(unitChars, chars)}`;
  });
}
