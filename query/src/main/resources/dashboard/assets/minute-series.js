// The clicks of the last minutes, the running one last.

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

  /** Takes what the stream says of a minute. Answers false when another one is running: the series is out of date. */
  take({ts, v}) {
    if (Date.parse(ts) !== this.runningMinute) {
      return false;
    }
    this.clicks[this.clicks.length - 1] = v;
    return true;
  }
}
