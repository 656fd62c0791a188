// The table below a chart: the same numbers, for screen readers and for anyone who wants to read them.

import {formatCount, formatTime} from './format.js';

export class NumberTable {
  #details;
  #body = document.createElement('div');
  #points = null;

  /** @param {HTMLDetailsElement} details */
  constructor(details, caption) {
    this.#details = details;
    const summary = document.createElement('summary');
    summary.textContent = 'Show the numbers as a table';
    this.#body.className = 'numbers-scroll';
    this.#body.tabIndex = 0;
    this.#body.setAttribute('role', 'region');
    this.#body.setAttribute('aria-label', caption);
    details.append(summary, this.#body);
    // There may be thousands of rows, so they are made only when the user opens the table.
    details.addEventListener('toggle', () => this.#draw());
  }

  /** @param {{times: number[], clicks: number[], before: ?number[], step: string, zone: string}} points */
  show(points) {
    this.#points = points;
    this.#draw();
  }

  #draw() {
    if (!this.#details.open || this.#points === null) {
      return;
    }
    const {times, clicks, before, step, zone} = this.#points;
    const table = document.createElement('table');
    const head = table.createTHead().insertRow();
    for (const title of ['Time', 'Clicks', ...(before ? ['Previous period'] : [])]) {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.className = title === 'Time' ? '' : 'number';
      cell.textContent = title;
      head.append(cell);
    }
    const rows = table.createTBody();
    times.forEach((time, at) => {
      const row = rows.insertRow();
      row.insertCell().textContent = formatTime(time, step, zone);
      addNumber(row, clicks[at]);
      if (before) {
        addNumber(row, before[at]);
      }
    });
    this.#body.replaceChildren(table);
  }
}

function addNumber(row, count) {
  const cell = row.insertCell();
  cell.className = 'number';
  cell.textContent = count === undefined || count === null ? '–' : formatCount(count);
}
