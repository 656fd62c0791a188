// The table of the busiest banners, with a small chart for each.

import {getJson} from './api.js';
import {bannerName} from './banner-id.js';
import {formatClicks, formatCount, formatShare} from './format.js';
import {Fresh} from './fresh.js';
import {choose, fillSegments} from './segments.js';
import {sparkline} from './sparkline.js';
import {RANGES, automaticStep, rangeUntilNow} from './steps.js';

const SHOWN_BANNERS = 10;
const INTERVAL_MS = 10_000;
const DEFAULT_RANGE = '1h';

/** Shows the table for the range in the address and keeps it up to date. */
export function showTopBanners(zone) {
  const ranges = document.getElementById('top-ranges');
  const fresh = new Fresh('top', (isCurrent) => load(rangeInAddress(), zone, isCurrent), INTERVAL_MS);

  function apply() {
    choose(ranges, rangeInAddress());
    fresh.refresh();
  }

  fillSegments(ranges, RANGES, (range) => {
    const url = new URL(location.href);
    url.searchParams.set('range', range);
    history.pushState(null, '', url);
    apply();
  });
  addEventListener('popstate', apply);
  apply();
}

function rangeInAddress() {
  const range = new URLSearchParams(location.search).get('range');
  return Object.hasOwn(RANGES, range) ? range : DEFAULT_RANGE;
}

async function load(range, zone, isCurrent) {
  const step = automaticStep(RANGES[range].lengthMs);
  const {from, to} = await rangeUntilNow(range, step, zone, Date.now());
  const period = {from: new Date(from).toISOString(), to: new Date(to).toISOString()};
  const top = await getJson('/v1/banners/top', {...period, limit: SHOWN_BANNERS});
  const ids = top.banners.map(({banner}) => banner);
  const trends = ids.length === 0
    ? []
    : (await getJson('/v1/banners/stats', {...period, step, tz: zone, fill: 'zero', banner: ids})).banners;
  if (isCurrent()) {
    show(top, trends, range);
  }
}

function show({total, banners}, trends, range) {
  document.getElementById('top-summary').textContent =
      `${RANGES[range].title}: ${formatClicks(total)} on all banners.`;
  document.getElementById('top-empty').hidden = banners.length > 0;
  const body = document.getElementById('top-banners');
  const focused = body.contains(document.activeElement) ? document.activeElement.href : null;
  body.replaceChildren(...banners.map((banner, at) => row(banner, trends[at].stats, range)));
  if (focused) {
    [...body.querySelectorAll('a')].find((link) => link.href === focused)?.focus();
  }
}

function row({banner, v, share}, stats, range) {
  // The running step is left out, because it would look like a decline.
  const trend = stats.slice(0, -1).map((point) => point.v);
  const created = document.createElement('tr');
  const link = document.createElement('a');
  link.href = `/banners/${banner}?range=${range}`;
  link.textContent = bannerName(banner);
  link.title = `Banner ${banner}`;
  const head = document.createElement('th');
  head.scope = 'row';
  head.append(link);
  created.append(head);
  created.insertCell().append(sparkline(trend));
  addNumber(created, formatCount(v));
  addNumber(created, formatShare(share));
  return created;
}

function addNumber(row, text) {
  const cell = row.insertCell();
  cell.className = 'number';
  cell.textContent = text;
}
