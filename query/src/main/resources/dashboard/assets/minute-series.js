// The clicks of the last minutes, kept exact second by second with the events of the live stream.

import {MINUTE_MS} from './zoned-time.js';

export class MinuteSeries {
  times;
  clicks;
  #eventSeen = false;

  /** @param {{ts: string, v: number}[]} stats one entry for each minute, the running one last */
  constructor(stats) {
    this.times = stats.map(({ts}) => Date.parse(ts));
    this.clicks = stats.map(({v}) => v);
  }

  get runningMinute() {
    return this.times.at(-1);
  }

  get runningClicks() {
    return this.clicks.at(-1);
  }

  get sum() {
    return this.clicks.reduce((sum, clicks) => sum + clicks, 0);
  }

  /**
   * Takes an event of the stream. Answers the clicks of the minutes that it has closed, 0 when the same minute goes on,
   * and null when the series cannot be continued from it and must be loaded anew.
   */
  take({clicks, minute}) {
    const time = Date.parse(minute.ts);
    const passed = Math.round((time - this.runningMinute) / MINUTE_MS);
    if (passed < 0 || passed > 1 || (passed === 1 && !this.#eventSeen)) {
      return null;
    }
    let closed = 0;
    if (passed === 1) {
      // What came since the last event is in the minute that ended or in the one that began.
      this.clicks[this.clicks.length - 1] += clicks - minute.v;
      closed = this.runningClicks;
      this.times = [...this.times.slice(1), time];
      this.clicks = [...this.clicks.slice(1), 0];
    }
    this.clicks[this.clicks.length - 1] = minute.v;
    this.#eventSeen = true;
    return closed;
  }
}
