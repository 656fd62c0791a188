package clickcounter.tools;

import clickcounter.shared.log.LogCycle;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// Says on the standard error, every ten seconds, how far a command has read the log.
///
/// **Threads**: one.
final class Progress {
    private static final long PAUSE_NS = Duration.ofSeconds(10).toNanos();

    private final List<LogCycle> cycles;
    private long nextReportNs = System.nanoTime() + PAUSE_NS;

    /// @param cycles the files of the log to go through
    Progress(List<LogCycle> cycles) {
        this.cycles = cycles;
    }

    /// Reports that everything up to the record is done.
    void report(long position) {
        if (System.nanoTime() - nextReportNs >= 0) {
            nextReportNs = System.nanoTime() + PAUSE_NS;
            System.err.println(line(position));
        }
    }

    /// The time is that at which the record's cycle began: the record's own would have to be read from the log.
    String line(long position) {
        long total = 0;
        long done = 0;
        Instant time = Instant.EPOCH;
        for (LogCycle cycle : cycles) {
            total += cycle.records();
            if (position >= cycle.firstIndex()) {
                done += Math.min(cycle.records(), position - cycle.firstIndex() + 1);
                time = cycle.start();
            }
        }
        return "%3d %%  %,d of %,d records  at %s".formatted(100 * done / Math.max(1, total), done, total, time);
    }
}
