// A chart of clicks over time. It follows new data, the theme and the width, and can be read with the keyboard.

import uPlot from './uplot/uPlot.esm.js';
import {areBars, chartData, chartOptions} from './chart-look.js';
import {formatClicks, formatCount, formatTime} from './format.js';

const BIG_MOVE = 10;

export class ClickChart {
  #container;
  #onZoom;
  #points = null;
  #plot = null;
  #shape = '';
  #pointed = -1;
  #tip = document.createElement('div');
  #spoken = document.createElement('p');

  /**
   * @param {HTMLElement} container
   * @param {(fromMs: number, toMs: number) => void} [onZoom] called when the user selects a period
   */
  constructor(container, onZoom = undefined) {
    this.#container = container;
    this.#onZoom = onZoom;
    this.#tip.className = 'chart-tip';
    this.#tip.hidden = true;
    this.#tip.setAttribute('aria-hidden', 'true');
    this.#spoken.className = 'visually-hidden';
    this.#spoken.setAttribute('aria-live', 'polite');
    container.after(this.#spoken);
    container.tabIndex = 0;
    // The chart handles arrow keys itself; with this role, screen readers pass them on.
    container.setAttribute('role', 'application');
    container.setAttribute('aria-roledescription', 'chart');
    container.addEventListener('keydown', (event) => this.#onKey(event));
    container.addEventListener('blur', () => this.#point(-1));
    new ResizeObserver(() => this.#redraw()).observe(container);
    document.addEventListener('themechange', () => this.#redraw());
  }

  /**
   * @param {object} points
   * @param {number[]} points.times starts of the steps, in ms
   * @param {number[]} points.clicks clicks of each step; null for steps in the future
   * @param {?number[]} points.before clicks of the corresponding steps of the previous period; null for steps without one
   * @param {number} points.running index of the running step; -1 if all steps are completed
   * @param {number} points.from
   * @param {number} points.to
   * @param {string} points.step
   * @param {string} points.zone
   * @param {string} points.label a sentence that says what the chart shows
   */
  show(points) {
    this.#points = points;
    this.#container.setAttribute('aria-label', points.label);
    const shape = [points.zone, points.step, areBars(points, this.#container.clientWidth)].join();
    if (this.#plot === null || shape !== this.#shape) {
      this.#shape = shape;
      this.#redraw();
      return;
    }
    this.#plot.setData(chartData(points));
    this.#showTip();
  }

  #redraw() {
    if (this.#points === null || this.#container.clientWidth === 0) {
      return;
    }
    this.#plot?.destroy();
    const options = chartOptions(this.#points, this.#container, () => this.#points);
    options.cursor.drag.x = this.#onZoom !== undefined;
    options.hooks = {
      setCursor: [(plot) => this.#onPointer(plot)],
      setSelect: [(plot) => this.#onSelection(plot)],
    };
    this.#plot = new uPlot(options, chartData(this.#points), this.#container);
    this.#plot.over.append(this.#tip);
  }

  #onPointer(plot) {
    const seconds = plot.posToVal(plot.cursor.left, 'x');
    const isOutside = plot.cursor.left < 0 || Number.isNaN(seconds);
    this.#pointed = isOutside ? -1 : this.#points.times.findLastIndex((ms) => ms <= seconds * 1_000);
    this.#showTip();
  }

  #onSelection(plot) {
    const {left, width} = plot.select;
    if (width > 0) {
      plot.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
      this.#onZoom(plot.posToVal(left, 'x') * 1_000, plot.posToVal(left + width, 'x') * 1_000);
    }
  }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#plot === null) {
      return;
    }
    const last = this.#points.times.length - 1;
    const at = this.#pointed === -1 ? last : this.#pointed;
    const moves = {
      ArrowLeft: () => this.#point(this.#pointed === -1 ? last : Math.max(at - 1, 0)),
      ArrowRight: () => this.#point(Math.min(at + 1, last)),
      PageUp: () => this.#point(Math.max(at - BIG_MOVE, 0)),
      PageDown: () => this.#point(Math.min(at + BIG_MOVE, last)),
      Home: () => this.#point(0),
      End: () => this.#point(last),
      Escape: () => this.#point(-1),
      Enter: () => this.#zoomAround(at),
    };
    if (event.key in moves) {
      event.preventDefault();
      moves[event.key]();
    }
  }

  /** Moves the cursor to a step, or away for -1, and has it read out. */
  #point(at) {
    if (this.#plot === null) {
      return;
    }
    const ms = this.#points.times[at];
    const left = at === -1 ? -10 : this.#plot.valToPos(ms / 1_000, 'x') + 1;
    this.#plot.setCursor({left, top: 0});
    this.#spoken.textContent = at === -1 ? '' : this.#describe(at).join(', ');
  }

  #zoomAround(at) {
    const {times, from, to} = this.#points;
    const eighth = (to - from) / 8;
    this.#onZoom?.(Math.max(times[at] - eighth, from), Math.min(times[at] + eighth, to));
  }

  #showTip() {
    const at = this.#pointed;
    this.#tip.hidden = at < 0 || at >= this.#points.times.length;
    if (this.#tip.hidden) {
      return;
    }
    this.#tip.textContent = this.#describe(at).join('\n');
    const pointLeft = this.#plot.valToPos(this.#points.times[at] / 1_000, 'x');
    const room = this.#plot.over.clientWidth - this.#tip.offsetWidth;
    const left = pointLeft + 14 > room ? pointLeft - this.#tip.offsetWidth - 10 : pointLeft + 14;
    this.#tip.style.transform = `translate(${Math.max(left, 0)}px, 4px)`;
  }

  #describe(at) {
    const {times, clicks, before, running, step, zone} = this.#points;
    const lines = [formatTime(times[at], step, zone)];
    lines.push(clicks[at] === null ? 'not yet' : `${formatClicks(clicks[at])}${at === running ? ' so far' : ''}`);
    if (before !== null && before[at] !== null) {
      lines.push(`${formatCount(before[at])} in the previous period`);
    }
    return lines;
  }
}
