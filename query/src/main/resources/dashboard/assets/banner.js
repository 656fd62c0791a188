// The page of one banner.

import './frame.js';
import {address, getJson, request} from './api.js';
import {BannerControls} from './banner-controls.js';
import {showFigures} from './banner-figures.js';
import {bannerIdOf} from './banner-id.js';
import {resolve, searchOf, viewIn} from './banner-view.js';
import {ClickChart} from './chart.js';
import {formatCount, formatTime} from './format.js';
import {Fresh} from './fresh.js';
import {follow} from './live.js';
import {report} from './notice.js';
import {NumberTable} from './number-table.js';
import {clicksBefore} from './previous.js';
import {savedToken} from './token.js';

/** How often clicks are asked for at most when the stream reports new ones. */
const MIN_INTERVAL_MS = 1_900;

/** How often clicks are asked for without new ones, because the next step may have begun. */
const INTERVAL_MS = 20_000;

const byId = (id) => document.getElementById(id);

const bannerText = decodeURIComponent(location.pathname.split('/').at(-1));
const banner = bannerIdOf(bannerText);
const path = `/v1/banners/stats/${banner}`;

let view = viewIn(location.search);
let loadedAt = 0;

/** The end of the period that was loaded last. */
let loadedTo = 0;

/** Whether the stream has reported clicks that are not shown yet. */
let hasNews = false;

const controls = new BannerControls(() => view, goTo);
const chart = new ClickChart(byId('chart'), (from, to) => controls.zoom(from, to));
const table = new NumberTable(byId('table'), `Clicks on banner ${banner}`);
const fresh = new Fresh('banner', load, INTERVAL_MS);

function goTo(newView) {
  view = newView;
  history.pushState(null, '', searchOf(view));
  showView();
}

function showView() {
  byId('chart').classList.add('stale');
  fresh.refresh();
}

async function load(isCurrent) {
  const now = Date.now();
  loadedAt = now;
  hasNews = false;
  const resolved = await resolve(view, now);
  if (!isCurrent()) {
    return;
  }
  loadedTo = resolved.to;
  controls.show(view, resolved);
  const parameters = {
    from: new Date(resolved.from).toISOString(),
    to: new Date(resolved.to).toISOString(),
    step: resolved.step,
    tz: view.zone,
    fill: 'zero',
    compare: view.compare ? 'previous' : undefined,
  };
  byId('csv').href = address(path, {...parameters, format: 'csv'});
  const answer = await getJson(path, parameters);
  if (isCurrent()) {
    const {from, to, step} = resolved;
    show(pointsOf(answer, {from, to, step}, now));
  }
}

function pointsOf(answer, period, now) {
  const {stats, previous} = answer;
  const times = stats.map(({ts}) => Date.parse(ts));
  const running = period.to > now ? times.findLastIndex((ms) => ms <= now) : -1;
  const clicks = stats.map(({v}, at) => (times[at] > now ? null : v));
  const before = previous ? clicksBefore(answer, period, view.zone) : null;
  const beforeSum = previous ? previous.stats.reduce((sum, {v}) => sum + v, 0) : null;
  return {...period, times, clicks, before, beforeSum, running, zone: view.zone, label: ''};
}

function show(points) {
  const {from, to, step, zone} = points;
  const sum = points.clicks.reduce((total, count) => total + count, 0);
  byId('chart-title').textContent = `Clicks per ${step}`;
  const [first, end] = [from, to].map((ms) => formatTime(ms, 'minute', zone));
  byId('chart-range').textContent = `${first} – ${end}, ${zone}`;
  points.label = `Clicks per ${step} on banner ${banner}: ${formatCount(sum)} in all.`;
  byId('chart').classList.remove('stale');
  byId('legend').hidden = points.before === null;
  byId('empty').hidden = sum > 0;
  chart.show(points);
  table.show(points);
  showFigures(points);
}

function takeLive({banners: [live]}, isFirst) {
  byId('now').hidden = false;
  byId('now-minute').textContent = formatCount(live.minute.v);
  byId('now-second').textContent = formatCount(live.clicks);
  const now = Date.now();
  const showsNow = view.range !== null || loadedTo > now;
  hasNews ||= isFirst || live.clicks > 0;
  if (showsNow && hasNews && !fresh.isBusy && now - loadedAt > MIN_INTERVAL_MS) {
    fresh.refresh();
  }
}

/** A link cannot send the token, so with a token the file is fetched here. */
async function downloadWithToken(event) {
  if (savedToken() === null) {
    return;
  }
  event.preventDefault();
  const response = await request(byId('csv').href, {accept: 'text/csv'});
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = `banner-${banner}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

if (banner !== null) {
  byId('title').textContent = `Banner ${banner}`;
  document.title = `Banner ${banner} · Click Counter`;
  byId('csv').addEventListener('click', downloadWithToken);
  addEventListener('popstate', () => {
    view = viewIn(location.search);
    showView();
  });
  showView();
  follow([banner], takeLive);
} else {
  for (const part of document.querySelectorAll('#controls, .tiles, main .card')) {
    part.hidden = true;
  }
  report('banner', `“${bannerText}” is not a banner id; a banner id is a whole number from 1 to 9223372036854775807.`);
}
