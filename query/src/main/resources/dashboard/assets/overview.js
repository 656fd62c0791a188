// The overview: all clicks so far, the last hour by minute, the busiest banners.

import './frame.js';
import './copy.js';
import {getJson} from './api.js';
import {ClickChart} from './chart.js';
import {firstRun} from './first-run.js';
import {formatCount} from './format.js';
import {Fresh} from './fresh.js';
import {follow} from './live.js';
import {MinuteSeries} from './minute-series.js';
import {NumberTable} from './number-table.js';
import {showTopBanners} from './top-banners.js';
import {MINUTE_MS, systemZone} from './zoned-time.js';

const SHOWN_MINUTES = 60;
/** If the stream is silent for this long, for example behind a proxy that holds it back, the clicks are asked for. */
const SILENCE_MS = 5_000;
const INTERVAL_MS = 10_000;
const BEGINNING = '1970-01-01T00:00:00Z';

const zone = systemZone();
const chart = new ClickChart(document.getElementById('minutes-chart'));
const table = new NumberTable(document.getElementById('minutes-table'), 'Clicks per minute of the last hour');

/** What is shown; null until it is loaded. `closed` is the number of clicks in all minutes before the running one. */
let shown = null;

/** Whether another minute has begun. */
let isOutOfDate = true;

/** How far the server's clock is ahead of this machine's, according to the stream. */
let clockOffsetMs = 0;

let lastEventMs = 0;
let topIsStarted = false;

const minutes = new Fresh('minutes', async (isCurrent) => {
  if (!isOutOfDate && Date.now() - lastEventMs < SILENCE_MS) {
    return;
  }
  const minute = Math.floor((Date.now() + clockOffsetMs) / MINUTE_MS) * MINUTE_MS;
  const start = iso(minute - (SHOWN_MINUTES - 1) * MINUTE_MS);
  const [recent, before] = await Promise.all([
    getJson('/v1/banners/totals', {from: start, to: iso(minute + MINUTE_MS), step: 'minute', fill: 'zero'}),
    getJson('/v1/banners/totals', {from: BEGINNING, to: iso(minute), step: 'total'}),
  ]);
  if (isCurrent()) {
    isOutOfDate = false;
    shown = {series: new MinuteSeries(recent.stats), closed: before.total};
    draw();
  }
}, INTERVAL_MS);

/** Takes an event of the stream. Only the running minute still changes. */
function take(event, isFirst) {
  lastEventMs = Date.now();
  clockOffsetMs = Date.parse(event.time) - lastEventMs;
  setText('per-second', isFirst ? 0 : event.clicks);
  if (shown?.series.take(event.minute)) {
    draw();
    return;
  }
  isOutOfDate = true;
  if (!minutes.isBusy) {
    minutes.refresh();
  }
}

function draw() {
  const {series, closed} = shown;
  const all = closed + series.runningClicks;
  if (firstRun(all)) {
    return;
  }
  if (!topIsStarted) {
    topIsStarted = true;
    showTopBanners(zone);
  }
  setText('all-clicks', all);
  setText('this-minute', series.runningClicks);
  setText('last-hour', series.sum);
  const points = {
    times: series.times,
    clicks: series.clicks,
    before: null,
    running: series.times.length - 1,
    from: series.times[0],
    to: series.runningMinute + MINUTE_MS,
    step: 'minute',
    zone,
    label: `Clicks per minute of the last hour: ${formatCount(series.sum)} in all, at most ` +
        `${formatCount(Math.max(...series.clicks))} in a minute.`,
  };
  chart.show(points);
  table.show(points);
}

function setText(id, count) {
  document.getElementById(id).textContent = formatCount(count);
}

function iso(ms) {
  return new Date(ms).toISOString();
}

minutes.refresh();
follow([], take);
