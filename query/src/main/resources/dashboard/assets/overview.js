// The overview: all clicks now, the last hour by minute, the busiest banners.

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
const BEGINNING = '1970-01-01T00:00:00Z';

const zone = systemZone();
const chart = new ClickChart(document.getElementById('minutes-chart'));
const table = new NumberTable(document.getElementById('minutes-table'), 'Clicks per minute of the last hour');

/** What is shown; null until it is loaded. `closed`: the clicks of all minutes before the running one. */
let shown = null;

/** The server's minute, as the stream tells it: this machine's clock may be wrong. */
let serverMinute = null;

let topIsStarted = false;

const minutes = new Fresh('minutes', async (isCurrent) => {
  const minute = serverMinute ?? Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const start = iso(minute - (SHOWN_MINUTES - 1) * MINUTE_MS);
  // The closed minutes do not change any more: the events of the running one can be added whenever they come.
  const [recent, before] = await Promise.all([
    getJson('/v1/banners/totals', {from: start, to: iso(minute + MINUTE_MS), step: 'minute', fill: 'zero'}),
    getJson('/v1/banners/totals', {from: BEGINNING, to: iso(minute), step: 'total'}),
  ]);
  if (isCurrent()) {
    shown = {series: new MinuteSeries(recent.stats), closed: before.total};
    draw();
  }
}, Infinity);

function take(event, isFirst) {
  serverMinute = Date.parse(event.minute.ts);
  setText('per-second', isFirst ? 0 : event.clicks);
  const hasMissedAMinute = isFirst && shown?.series.runningMinute !== serverMinute;
  const closed = shown === null || hasMissedAMinute ? null : shown.series.take(event);
  if (closed !== null) {
    shown.closed += closed;
    draw();
  } else if (!minutes.isBusy) {
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
