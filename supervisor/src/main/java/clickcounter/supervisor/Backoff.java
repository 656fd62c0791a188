package clickcounter.supervisor;

import java.time.Duration;

/// How long a member of the service waits before it is started again: the first time not at all, then 1, 2, 4, 8
/// and 10 seconds.
///
/// **Threads**: one.
final class Backoff {
    /// A run of this length had started well: the next restart is without delay again.
    static final Duration GOOD_RUN = Duration.ofSeconds(60);

    private static final Duration MIN_DELAY = Duration.ofSeconds(1);
    private static final Duration MAX_DELAY = Duration.ofSeconds(10);

    private Duration next = Duration.ZERO;

    /// The delay after a run of this length.
    Duration after(Duration run) {
        Duration delay = run.compareTo(GOOD_RUN) < 0 ? next : Duration.ZERO;
        Duration doubled = delay.isZero() ? MIN_DELAY : delay.multipliedBy(2);
        next = doubled.compareTo(MAX_DELAY) < 0 ? doubled : MAX_DELAY;
        return delay;
    }
}
