// What the banner page shows, as its address has it: /banners/7?range=24h&step=hour&tz=Europe/Moscow&compare=previous

import {RANGES, STEPS, automaticStep, isPossible, rangeUntilNow, wholeSteps} from './steps.js';
import {isZone, systemZone} from './zoned-time.js';

const DEFAULT_RANGE = '24h';

/**
 * @typedef {object} View
 * @property {?string} range one of RANGES; null when `from` and `to` say it
 * @property {?number} from
 * @property {?number} to
 * @property {?string} step one of STEPS; null: the one that suits
 * @property {string} zone
 * @property {boolean} compare
 */

/** What cannot be understood is as if it was not there. */
export function viewIn(search) {
  const parameters = new URLSearchParams(search);
  const range = parameters.get('range');
  const step = parameters.get('step');
  const zone = parameters.get('tz');
  const from = Date.parse(parameters.get('from'));
  const to = Date.parse(parameters.get('to'));
  const isStretch = from < to;
  return {
    range: Object.hasOwn(RANGES, range) ? range : isStretch ? null : DEFAULT_RANGE,
    from: isStretch ? from : null,
    to: isStretch ? to : null,
    step: Object.hasOwn(STEPS, step) ? step : null,
    zone: zone && isZone(zone) ? zone : systemZone(),
    compare: parameters.get('compare') === 'previous',
  };
}

/** The search part of the address that shows this view; what is as usual is left out. */
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
  // Slashes are allowed there, and zones are easier to read with them.
  return `?${parameters}`.replaceAll('%2F', '/').replaceAll('%3A', ':');
}

/** The step and the times of a view at this moment. */
export function resolve(view, nowMs) {
  const lengthMs = view.range === null ? view.to - view.from : RANGES[view.range].lengthMs;
  const automatic = automaticStep(lengthMs);
  const step = view.step !== null && isPossible(view.step, lengthMs) ? view.step : automatic;
  const stretch = view.range === null
    ? wholeSteps(view, step, view.zone)
    : rangeUntilNow(view.range, step, view.zone, nowMs);
  return {...stretch, step, automatic, lengthMs};
}
