package clickcounter.tools;

import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogCycle;
import java.io.Console;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.LongSupplier;

/// Shows how far a command has read the log: as a bar that is redrawn on a terminal, else as a line now and then.
///
/// **Threads**: one.
final class Progress {
    private static final int BAR_WIDTH = 30;
    private static final Duration PAUSE_ON_TERMINAL = Duration.ofMillis(200);
    private static final Duration PAUSE_OF_LINES = Duration.ofSeconds(10);
    private static final double NANOS_PER_SECOND = 1e9;

    private final PrintStream out;
    private final boolean isTerminal;
    private final LongSupplier nanoTime;
    private final List<LogCycle> cycles;
    private final long total;
    private long first = -1;
    private long firstNs;
    private long last = -1;
    private long nextReportNs;
    private int lineLength;

    /// @param cycles the files of the log to go through
    Progress(PrintStream out, boolean isTerminal, LongSupplier nanoTime, List<LogCycle> cycles) {
        this.out = out;
        this.isTerminal = isTerminal;
        this.nanoTime = nanoTime;
        this.cycles = List.copyOf(cycles);
        total = cycles.stream().mapToLong(LogCycle::records).sum();
    }

    /// Reports on the standard error, as a bar when that is a terminal.
    @SuppressWarnings("SystemConsoleNull") // NullAway asks for the check that Error Prone finds needless
    static Progress onError(List<LogCycle> cycles) {
        Console console = System.console();
        return new Progress(System.err, console != null && console.isTerminal(), System::nanoTime, cycles);
    }

    /// Reports that everything up to the record is done. A record before the last reported one starts a new pass.
    void report(long position) {
        long done = recordsUpTo(position);
        long nowNs = nanoTime.getAsLong();
        if (first < 0 || done < last) {
            first = done;
            firstNs = nowNs;
            nextReportNs = nowNs + pause().toNanos();
        }
        last = done;
        if (nowNs - nextReportNs >= 0) {
            nextReportNs = nowNs + pause().toNanos();
            print(line(position, done, (nowNs - firstNs) / NANOS_PER_SECOND));
        }
    }

    /// Removes the bar.
    void finish() {
        if (lineLength > 0) {
            out.print("\r" + " ".repeat(lineLength) + "\r");
            out.flush();
            lineLength = 0;
        }
    }

    private Duration pause() {
        return isTerminal ? PAUSE_ON_TERMINAL : PAUSE_OF_LINES;
    }

    private String line(long position, long done, double seconds) {
        double rate = (done - first) / Math.max(seconds, 1e-3);
        double share = total == 0 ? 1 : Math.min(1, (double) done / total);
        String text = "%3.0f %%  %,d of %,d records  at %s  %,.0f/s  %s left"
                .formatted(
                        share * 100,
                        done,
                        total,
                        timeOf(position).truncatedTo(ChronoUnit.MINUTES),
                        rate,
                        rate < 1 ? "?" : remaining((total - done) / rate));
        if (!isTerminal) {
            return text;
        }
        int full = (int) (share * BAR_WIDTH);
        return "[" + "#".repeat(full) + ".".repeat(BAR_WIDTH - full) + "] " + text;
    }

    private void print(String line) {
        if (!isTerminal) {
            out.println(line);
            return;
        }
        out.print("\r" + line + " ".repeat(Math.max(0, lineLength - line.length())));
        out.flush();
        lineLength = line.length();
    }

    private static String remaining(double seconds) {
        long whole = Math.max(0, Math.round(seconds));
        return whole < 60 ? whole + " s" : "%d min %d s".formatted(whole / 60, whole % 60);
    }

    private long recordsUpTo(long position) {
        if (position == ClickReader.START) {
            return 0;
        }
        long records = 0;
        for (LogCycle cycle : cycles) {
            if (position < cycle.firstIndex()) {
                return records;
            }
            records += Math.min(cycle.records(), position - cycle.firstIndex() + 1);
        }
        return records;
    }

    /// Returns when the record's cycle began; the time of the record itself would have to be read from the log.
    private Instant timeOf(long position) {
        Instant time = Instant.EPOCH;
        for (LogCycle cycle : cycles) {
            if (position >= cycle.firstIndex()) {
                time = cycle.start();
            }
        }
        return time;
    }
}
