// Conversions to and from the local time of a time zone. A local time is a number of milliseconds, as if the zone's
// clock showed UTC.

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const formats = new Map();

export function isZone(zone) {
  try {
    return Boolean(format(zone));
  } catch {
    return false;
  }
}

export function systemZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function toLocal(ms, zone) {
  const parts = {};
  for (const {type, value} of format(zone).formatToParts(ms)) {
    parts[type] = Number(value);
  }
  const milliseconds = ms - Math.floor(ms / 1_000) * 1_000;
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second, milliseconds);
}

/** Takes the first of two hours that the clock shows twice, and moves a time that it skips forward by the gap. */
export function fromLocal(local, zone) {
  const offsets = [local - DAY_MS, local + DAY_MS].map((ms) => toLocal(ms, zone) - ms);
  const candidates = offsets.map((offset) => local - offset);
  const exact = candidates.filter((ms) => toLocal(ms, zone) === local);
  return exact.length > 0 ? Math.min(...exact) : candidates[0];
}

/** The same time of day some days earlier. */
export function daysBefore(ms, days, zone) {
  return fromLocal(toLocal(ms, zone) - days * DAY_MS, zone);
}

/** The value of an input of type datetime-local, such as `2026-11-23T14:05`. */
export function toInputValue(ms, zone) {
  return new Date(toLocal(ms, zone)).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length);
}

export function fromInputValue(text, zone) {
  return fromLocal(Date.parse(`${text}Z`), zone);
}

function format(zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }));
  }
  return formats.get(zone);
}
