// Numbers and times as text for people.

// The pages are in English, whatever the language of the browser, so numbers and dates are too.
const LOCALE = 'en-GB';

const ONE_DIGIT_PERCENT = {style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1};

const whole = new Intl.NumberFormat(LOCALE, {maximumFractionDigits: 0});
const tenths = new Intl.NumberFormat(LOCALE, {maximumFractionDigits: 1});
const compact = new Intl.NumberFormat(LOCALE, {notation: 'compact', maximumFractionDigits: 1});
const percent = new Intl.NumberFormat(LOCALE, ONE_DIGIT_PERCENT);
const change = new Intl.NumberFormat(LOCALE, {...ONE_DIGIT_PERCENT, signDisplay: 'exceptZero'});

export const formatCount = (count) => whole.format(count);
export const formatClicks = (count) => `${formatCount(count)} ${count === 1 ? 'click' : 'clicks'}`;
export const formatAverage = (count) => (count < 100 ? tenths : whole).format(count);
export const formatShort = (count) => compact.format(count);
export const formatShare = (share) => percent.format(share);
export const formatChange = (ratio) => change.format(ratio);

const DAY = {day: 'numeric', month: 'short', year: 'numeric'};
const STYLES = {
  minute: {...DAY, hour: '2-digit', minute: '2-digit'},
  hour: {...DAY, hour: '2-digit', minute: '2-digit'},
  day: {weekday: 'short', ...DAY},
  week: DAY,
  month: {month: 'long', year: 'numeric'},
  time: {hour: '2-digit', minute: '2-digit'},
  dayOfMonth: {day: 'numeric', month: 'short'},
  monthOfYear: {month: 'short', year: 'numeric'},
};

const formats = new Map();

/** @param {keyof STYLES} style a step, or one of the short forms for axes */
export function formatTime(ms, style, zone) {
  const key = `${style} ${zone}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat(LOCALE, {...STYLES[style], timeZone: zone}));
  }
  const text = formats.get(key).format(ms);
  return style === 'week' ? `Week of ${text}` : text;
}
