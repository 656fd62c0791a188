// What the banner page shows, according to its address: /banners/7?range=24h&step=hour&tz=Europe/Moscow&compare=previous

import {RANGES, STEPS, automaticStep, isPossible, rangeUntilNow, wholeSteps} from './steps.js';
import {isZone, systemZone} from './zoned-time.js';

const DEFAULT_RANGE = '24h';

/**
 * @typedef {object} View
 * @property {?string} range one of RANGES; null if `from` and `to` are given instead
 * @property {?number} from
 * @property {?number} to
 * @property {?string} step one of STEPS; null for the one that suits the range
 * @property {string} zone
 * @property {boolean} compare
 */

/** The view that an address asks for. Parts that cannot be understood are ignored. */
export function viewIn(search) {
  const parameters = new URLSearchParams(search);
  const range = parameters.get('range');
  const step = parameters.get('step');
  const zone = parameters.get('tz');
  const from = Date.parse(parameters.get('from'));
  const to = Date.parse(parameters.get('to'));
  const isPeriod = from < to;
  return {
    range: Object.hasOwn(RANGES, range) ? range : isPeriod ? null : DEFAULT_RANGE,
    from: isPeriod ? from : null,
    to: isPeriod ? to : null,
    step: Object.hasOwn(STEPS, step) ? step : null,
    zone: zone && isZone(zone) ? zone : systemZone(),
    compare: parameters.get('compare') === 'previous',
  };
}

/** The search part of the address that shows this view, without defaults. */
export function searchOf(view) {
  const parameters = new URLSearchParams();
  if (view.range === null) {
    parameters.set('from', new Date(view.from).toISOString());
    parameters.set('to', new Date(view.to).toISOString());
  } else {
    parameters.set('range', view.range);
  }
  if (view.step !== null) {
    parameters.set('step', view.step);
  }
  if (view.zone !== systemZone()) {
    parameters.set('tz', view.zone);
  }
  if (view.compare) {
    parameters.set('compare', 'previous');
  }
  // Slashes and colons are allowed there, and easier to read.
  return `?${parameters}`.replaceAll('%2F', '/').replaceAll('%3A', ':');
}

/** The step and the period of a view at this moment. */
export async function resolve(view, nowMs) {
  const lengthMs = view.range === null ? view.to - view.from : RANGES[view.range].lengthMs;
  const automatic = automaticStep(lengthMs);
  const step = view.step !== null && isPossible(view.step, lengthMs) ? view.step : automatic;
  const period = view.range === null
    ? await wholeSteps(view, step, view.zone)
    : await rangeUntilNow(view.range, step, view.zone, nowMs);
  return {...period, step, automatic, lengthMs};
}
