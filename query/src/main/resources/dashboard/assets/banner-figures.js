// The tiles of the banner page: sum, change, average and peak of the steps in the chart.

import {formatAverage, formatChange, formatCount, formatTime} from './format.js';

const byId = (id) => document.getElementById(id);

/** @param {object} points as ClickChart takes them */
export function showFigures({times, clicks, before, beforeSum, running, step, zone}) {
  const known = clicks.filter((count) => count !== null);
  const isRunning = running !== -1;
  // The running step would distort the average, and would be compared with a whole one.
  const complete = clicks.slice(0, isRunning ? running : known.length);
  const completeOnly = isRunning ? `complete ${step}s` : '';

  byId('sum').textContent = formatCount(sum(known));
  byId('sum-note').textContent = isRunning ? 'and counting' : '';

  byId('average-title').textContent = `Average per ${step}`;
  byId('average').textContent = complete.length === 0 ? '–' : formatAverage(sum(complete) / complete.length);
  byId('average-note').textContent = completeOnly;

  const highest = Math.max(...known, 0);
  byId('peak').textContent = formatCount(highest);
  byId('peak-note').textContent = highest === 0 ? '' : formatTime(times[clicks.indexOf(highest)], step, zone);

  byId('change-tile').hidden = before === null;
  if (before !== null) {
    showChange(sum(complete), isRunning ? sum(before.slice(0, running)) : beforeSum, completeOnly);
  }
}

function showChange(now, earlier, completeOnly) {
  const change = byId('change');
  const ratio = earlier === 0 ? null : now / earlier - 1;
  change.textContent = ratio === null ? '–' : formatChange(ratio);
  change.classList.toggle('good', ratio > 0);
  change.classList.toggle('bad', ratio < 0);
  byId('change-note').textContent = [`from ${formatCount(earlier)}`, completeOnly].filter(Boolean).join(', ');
}

function sum(counts) {
  return counts.reduce((total, count) => total + count, 0);
}
