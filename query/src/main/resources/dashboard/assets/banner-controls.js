// The controls of the banner page, which show a view and report which view the user wants.

import {report} from './notice.js';
import {choose, fillSegments} from './segments.js';
import {RANGES, STEPS, addSteps, isPossible} from './steps.js';
import {fromInputValue, isZone, toInputValue} from './zoned-time.js';

const CUSTOM = 'custom';

const byId = (id) => document.getElementById(id);

export class BannerControls {
  #viewNow;

  /** What is shown; undefined at first. */
  #shown;
  #resolved;
  #onView;
  #moves = Promise.resolve();

  /**
   * @param {() => import('./banner-view.js').View} viewNow returns the view that the user wants now, which may not be
   *     shown yet: a choice must not undo the one before it
   * @param {(view: import('./banner-view.js').View) => void} onView called with the view that the user wants
   */
  constructor(viewNow, onView) {
    this.#viewNow = viewNow;
    this.#onView = onView;
    fillSegments(byId('ranges'), {...RANGES, [CUSTOM]: {name: 'Custom'}}, (range) => this.#chooseRange(range));
    byId('step').append(...['', ...Object.keys(STEPS)].map((step) => new Option(STEPS[step]?.name ?? 'Auto', step)));
    byId('zones').append(...['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => new Option(zone)));
    byId('step').addEventListener('change', () => this.#want({step: byId('step').value || null}));
    byId('compare').addEventListener('change', () => this.#want({compare: byId('compare').checked}));
    byId('zone').addEventListener('change', () => this.#chooseZone());
    byId('zone').addEventListener('input', () => byId('zone').setCustomValidity(''));
    byId('controls').addEventListener('submit', (event) => event.preventDefault());
    byId('custom-range').addEventListener('submit', (event) => this.#chooseCustomRange(event));
    byId('earlier').addEventListener('click', () => this.#queue(() => this.#move(-1)));
    byId('later').addEventListener('click', () => this.#queue(() => this.#move(1)));
    byId('zoom-out').addEventListener('click', () => this.#queue(() => this.#zoomOut()));
  }

  /** Shows a view, or, if it is the same as before, what has changed with the time. */
  show(view, resolved) {
    const isNew = view !== this.#shown;
    this.#shown = view;
    this.#resolved = resolved;
    for (const option of byId('step').options) {
      option.disabled = option.value !== '' && !isPossible(option.value, resolved.lengthMs);
    }
    byId('step').options[0].textContent = `Auto (${STEPS[resolved.automatic].name.toLowerCase()})`;
    byId('later').disabled = resolved.to >= Date.now();
    if (isNew) {
      this.#showChoices(view, resolved);
    }
    if (isNew || byId('custom-range').hidden) {
      byId('from').value = toInputValue(resolved.from, view.zone);
      byId('to').value = toInputValue(resolved.to, view.zone);
    }
  }

  #showChoices(view, resolved) {
    choose(byId('ranges'), view.range ?? CUSTOM);
    byId('custom-range').hidden = view.range !== null;
    byId('range-error').hidden = true;
    byId('step').value = view.step === resolved.step ? view.step : '';
    byId('compare').checked = view.compare;
    if (document.activeElement !== byId('zone')) { // in which the user may be typing
      byId('zone').value = view.zone;
    }
  }

  /** Shows a period, with the step that suits it. */
  zoom(from, to) {
    this.#want({range: null, from, to, step: null});
  }

  #want(changes) {
    this.#onView({...this.#viewNow(), ...changes});
  }

  #chooseRange(range) {
    if (range === CUSTOM) {
      byId('custom-range').hidden = false;
      byId('from').focus();
      return;
    }
    this.#want({range, from: null, to: null});
  }

  #chooseCustomRange(event) {
    event.preventDefault();
    const from = fromInputValue(byId('from').value, this.#viewNow().zone);
    const to = fromInputValue(byId('to').value, this.#viewNow().zone);
    if (from < to) {
      this.#want({range: null, from, to});
      return;
    }
    byId('range-error').textContent = 'The range must end after it begins.';
    byId('range-error').hidden = false;
  }

  #chooseZone() {
    const input = byId('zone');
    const zone = input.value.trim();
    if (isZone(zone)) {
      this.#want({zone});
      return;
    }
    input.setCustomValidity('There is no such time zone. Examples: UTC, Europe/Moscow, America/New_York.');
    input.reportValidity();
  }

  /** The server says where steps begin, so moves take time. Each one starts where the one before ends. */
  #queue(move) {
    if (!this.#resolved) {
      return; // there is nothing to move yet
    }
    this.#moves = this.#moves.then(move).catch((error) => report('banner', error.message));
  }

  /** Moves by as many steps as are shown, so that the ranges are adjacent. */
  async #move(direction) {
    const {from, to, step, count} = this.#resolved;
    const {zone} = this.#viewNow();
    this.#wantPeriod(
        direction < 0 ? await addSteps(from, step, -count, zone) : to,
        direction < 0 ? from : await addSteps(to, step, count, zone));
  }

  async #zoomOut() {
    const {from, to, step, count} = this.#resolved;
    const half = Math.ceil(count / 2);
    const {zone} = this.#viewNow();
    this.#wantPeriod(await addSteps(from, step, -half, zone), await addSteps(to, step, half, zone), {step: null});
  }

  #wantPeriod(from, to, changes = {}) {
    this.#resolved = {...this.#resolved, from, to};
    this.#want({range: null, from, to, ...changes});
  }
}
