package clickcounter.aggregator;

import clickcounter.shared.ExitCode;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Compares the counts in the database with those of the log, while everything runs.
///
/// The log is counted anew up to the position that the database has, and the counts are read from the same
/// snapshot as the position: so both are of exactly the same clicks. What does not fit into memory at once is
/// compared in several passes, each with a snapshot of its own, from the earlier minutes to the later ones.
///
/// Of the database's counts only those can be compared of which the log has every click. So the range must not
/// begin before the log's oldest file. When other logs may have counted into the same minutes, a count that is
/// higher than the log's may be right; then only lower ones are differences, and nothing can be mended.
///
/// **Threads**: one.
final class Audit {
    /// The end of time: no click is younger.
    static final Instant END = Instant.parse("9999-12-31T23:59:00Z");

    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final int BATCH_RECORDS = 65_536;

    /// Most counts that are compared in one pass.
    static final int MAX_COUNTS = 4_000_000;

    /// Most differences of one pass. With more, the log and the database do not belong together.
    private static final int MAX_DIFFERENCES = 1_000_000;

    /// How long the log may take to show a record of which the database says that it is there.
    private static final Duration READ_PATIENCE = Duration.ofSeconds(10);

    private static final Duration READ_PAUSE = Duration.ofMillis(10);

    private final CountStore store;
    private final ClickReader reader;
    private final AuditedCounts counts;
    private final Progress progress;

    /// What was compared, and how it ended.
    ///
    /// @param from the first minute
    /// @param position up to which record of the log
    /// @param clicks of the log, in the range
    /// @param compared pairs of banner and minute
    /// @param otherLogs logs that may have counted into the range; only counts that are too low were found then
    /// @param differences how many counts differ
    record Result(Instant from, long position, long clicks, long compared, List<UUID> otherLogs, long differences) {}

    /// A count that is not what the log says.
    record Difference(long bannerId, long minute, long inDatabase, long inLog) {
        long missing() {
            return inLog - inDatabase;
        }

        Instant time() {
            return timeOf(minute);
        }
    }

    /// @param maxCounts most counts that are compared in one pass
    Audit(CountStore store, ClickReader reader, int maxCounts, Progress progress) {
        this.store = store;
        this.reader = reader;
        this.progress = progress;
        counts = new AuditedCounts(maxCounts);
    }

    /// Compares the minutes that begin in the range, and passes the differences on, by minute and banner.
    ///
    /// @param from empty: from the beginning of the log
    /// @param repair whether to mend the counts that differ, in one transaction for each pass
    ///
    /// **Errors**: [StartFailure] when it cannot be known whether the counts are right.
    Result run(Optional<Instant> from, Instant to, boolean repair, Consumer<Difference> sink)
            throws SQLException, IOException {
        long position = requirePosition();
        Instant begin = requireBegin(from);
        if (!begin.isBefore(to)) {
            throw new StartFailure(
                    "The oldest file of the log begins at %s, which is not before --to, %s: there is nothing to compare."
                            .formatted(begin, to));
        }
        if (repair) {
            try (CountStore.RepairLock _ = store.lockForRepair()) {
                return run(begin, ceilMinute(to), position, true, sink);
            }
        }
        return run(begin, ceilMinute(to), position, false, sink);
    }

    private Result run(Instant from, long toMinute, long firstPosition, boolean repair, Consumer<Difference> sink)
            throws SQLException, IOException {
        long fromMinute = ceilMinute(from);
        var total = new Result(from, firstPosition, 0, 0, List.of(), 0);
        while (fromMinute < toMinute) {
            Pass pass = compare(fromMinute, toMinute, total.position());
            if (repair && !pass.otherLogs.isEmpty()) {
                throw new StartFailure("""
                        Nothing was mended: other logs (%s) may have counted into the same minutes, so what this log \
                        has is not all. Mend minutes of which only this log can have clicks.\
                        """.formatted(join(pass.otherLogs)));
            }
            pass.differences.sort(Comparator.comparingLong(Difference::minute).thenComparingLong(Difference::bannerId));
            pass.differences.forEach(sink);
            if (repair && !pass.differences.isEmpty()) {
                mend(pass);
            }
            total = new Result(
                    from,
                    pass.position,
                    total.clicks() + pass.clicks,
                    total.compared() + pass.compared,
                    pass.otherLogs,
                    total.differences() + pass.differences.size());
            fromMinute = pass.toMinute;
        }
        return total;
    }

    /// What one pass has found.
    private static final class Pass {
        private final List<Difference> differences = new ArrayList<>();
        private long position;
        private List<UUID> otherLogs = List.of();
        private long toMinute;
        private long clicks;
        private long compared;

        void add(Difference difference) {
            clicks += difference.inLog;
            compared++;
            boolean mayBeOfAnotherLog = !otherLogs.isEmpty() && difference.missing() < 0;
            if (difference.missing() == 0 || mayBeOfAnotherLog) {
                return;
            }
            if (differences.size() == MAX_DIFFERENCES) {
                throw new StartFailure("""
                        More than %,d counts differ: this log and this database do not belong together, or the \
                        database has lost much. Look at a shorter range, or build it anew with ./run.sh replay.\
                        """.formatted(MAX_DIFFERENCES));
            }
            differences.add(difference);
        }
    }

    private Pass compare(long fromMinute, long toMinute, long knownPosition) throws SQLException, IOException {
        counts.begin(fromMinute, toMinute);
        boolean isInLog = reader.moveToCycleOf(timeOf(fromMinute));
        if (isInLog) {
            // Before the snapshot, so that it need not be held for long.
            readTo(knownPosition);
        }
        var pass = new Pass();
        try (CountStore.Snapshot snapshot = store.snapshot()) {
            pass.position = snapshot.position();
            if (pass.position < knownPosition) {
                throw new StartFailure(
                        "The database was restored to an older state while it was audited. Start the audit again.");
            }
            if (snapshot.minutesSince() > fromMinute) {
                throw new StartFailure("""
                        Minutes before %1$s were dropped (STATS_RETENTION_MINUTES), so they cannot be compared. Audit from \
                        then on: --from %1$s.\
                        """.formatted(timeOf(snapshot.minutesSince())));
            }
            if (isInLog) {
                readTo(pass.position);
            }
            pass.toMinute = counts.toMinute();
            pass.otherLogs = snapshot.otherLogsSince(ClickReader.firstIndexOf(timeOf(fromMinute)));
            snapshot.forEachCount(
                    fromMinute,
                    pass.toMinute,
                    (bannerId, minute, clicks) ->
                            pass.add(new Difference(bannerId, minute, clicks, counts.take(bannerId, minute))));
        }
        counts.forEachRemaining((bannerId, minute, clicks) -> pass.add(new Difference(bannerId, minute, 0, clicks)));
        return pass;
    }

    /// Both the database and the log have got the same clicks since: what is missing is still the same.
    private void mend(Pass pass) throws SQLException {
        var missing = new Counts.Builder(pass.differences.size());
        for (Difference difference : pass.differences) {
            missing.add(difference.bannerId, difference.minute, difference.missing());
        }
        if (!store.correct(pass.position, missing.build())) {
            throw new StartFailure(
                    "Nothing was mended: the database was restored to an older state meanwhile. Start the audit again.");
        }
    }

    private void readTo(long position) {
        long lastProgressNs = System.nanoTime();
        while (reader.position() < position) {
            int records = reader.read(BATCH_RECORDS, (index, bannerId, timestampMillis) -> {
                if (index <= position) {
                    counts.add(bannerId, timestampMillis);
                }
                return index < position;
            });
            if (records > 0) {
                lastProgressNs = System.nanoTime();
                progress.report(reader.position());
            } else if (System.nanoTime() - lastProgressNs > READ_PATIENCE.toNanos()) {
                throw missing(position);
            } else {
                LockSupport.parkNanos(READ_PAUSE.toNanos());
            }
        }
        if (reader.position() > position) {
            // The record at the position is no click, and the one behind it was consumed to find that out.
            reader.moveTo(position);
        }
    }

    private long requirePosition() throws SQLException {
        long position = store.position().map(LogPosition::lastIndex).orElse(ClickReader.START);
        if (position == ClickReader.START) {
            throw new StartFailure(
                    "The database has counted nothing of this log (id %s) yet: there is nothing to compare. Start ./run.sh aggregator, or ./run.sh replay."
                            .formatted(reader.logId()));
        }
        if (!reader.moveTo(position)) {
            throw missing(position);
        }
        return position;
    }

    private StartFailure missing(long position) {
        return new StartFailure(
                ExitCode.LOG_MISMATCH,
                "The click log (id %s) does not hold record 0x%x, up to which the database has counted it: files of the log were deleted, replaced or restored from an older copy. Bring the right files back."
                        .formatted(reader.logId(), position));
    }

    private Instant requireBegin(Optional<Instant> from) throws IOException {
        Instant begin = reader.cycles().getFirst().start();
        if (from.isPresent() && from.get().isBefore(begin)) {
            throw new StartFailure(
                    "The oldest file of the log begins at %s: what was clicked before cannot be counted anew. Audit from then on: --from %s."
                            .formatted(begin, begin));
        }
        return from.orElse(begin);
    }

    private static Instant timeOf(long minute) {
        return Instant.ofEpochSecond(minute * MINUTE.toSeconds());
    }

    private static long ceilMinute(Instant time) {
        return -Math.floorDiv(-time.getEpochSecond() - (time.getNano() > 0 ? 1 : 0), MINUTE.toSeconds());
    }

    static String join(List<UUID> logs) {
        return String.join(", ", logs.stream().map(UUID::toString).toList());
    }
}
