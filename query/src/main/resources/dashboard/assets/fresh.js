// Keeps data from the API up to date while the page is visible.

import {ApiError} from './api.js';
import {report} from './notice.js';

const PAUSES_AFTER_FAILURES_MS = [1_000, 2_000, 5_000, 10_000];

export class Fresh {
  #source;
  #load;
  #intervalMs;
  #timer;
  #failures = 0;
  #run = 0;
  #loading = false;

  /**
   * @param {string} source the name of the data in reports of failures
   * @param {(isCurrent: () => boolean) => Promise<void>} load loads and shows the data; before it shows them it calls
   *     `isCurrent`, because a later run may have overtaken this one
   * @param {number} intervalMs pause between loads
   */
  constructor(source, load, intervalMs) {
    this.#source = source;
    this.#load = load;
    this.#intervalMs = intervalMs;
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) {
        this.refresh();
      }
    });
    addEventListener('online', () => this.refresh());
  }

  /** Whether the data are being loaded, or will be loaded again after a failure. */
  get isBusy() {
    return this.#loading || this.#failures > 0;
  }

  /** Loads now. Failures are reported, and tried again if they may be temporary. */
  async refresh() {
    const run = ++this.#run;
    const isCurrent = () => run === this.#run;
    clearTimeout(this.#timer);
    this.#loading = true;
    let failure = null;
    try {
      await this.#load(isCurrent);
    } catch (error) {
      failure = error;
    }
    if (!isCurrent()) {
      return;
    }
    this.#loading = false;
    if (failure === null) {
      this.#failures = 0;
      report(this.#source, null);
      this.#again(this.#intervalMs);
    } else {
      this.#failed(failure);
    }
  }

  #failed(error) {
    if (!(error instanceof ApiError)) {
      throw error;
    }
    if (!error.passes) {
      report(this.#source, error.message);
      return;
    }
    const pauseMs = PAUSES_AFTER_FAILURES_MS[Math.min(this.#failures, PAUSES_AFTER_FAILURES_MS.length - 1)];
    this.#failures++;
    report(this.#source, `${error.message} What you see may be old; trying again…`);
    this.#again(pauseMs);
  }

  #again(pauseMs) {
    // A hidden page asks for nothing until it is visible again.
    this.#timer = setTimeout(() => document.hidden || this.refresh(), pauseMs);
  }
}
