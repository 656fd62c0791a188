// The clicks of the last minutes; the running minute is the last one.

export class MinuteSeries {
  times;
  clicks;

  /** @param {{ts: string, v: number}[]} stats one entry for each minute */
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

  /** Takes the clicks of a minute from the stream. Returns false if it is not the running minute of this series. */
  take({ts, v}) {
    if (Date.parse(ts) !== this.runningMinute) {
      return false;
    }
    this.clicks[this.clicks.length - 1] = v;
    return true;
  }
}
