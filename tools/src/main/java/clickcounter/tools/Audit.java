package clickcounter.tools;

import clickcounter.counts.CountRepair;
import clickcounter.counts.CountSnapshot;
import clickcounter.counts.CountStore;
import clickcounter.counts.Counts;
import clickcounter.counts.LogPosition;
import clickcounter.counts.Unit;
import clickcounter.shared.EpochMinute;
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
/// It counts the log again up to the position in the database, and reads the counts from the same snapshot as
/// that position: so both sides are of exactly the same clicks. What does not fit into memory at once is compared
/// in several passes, each with a snapshot of its own, from the earlier minutes to the later ones.
///
/// It can compare only counts of which the log still has every click, so the range must not begin before the
/// log's oldest file. When other logs may have counted into the same minutes, a count that is higher than the
/// log's may be right; then only lower ones are differences, and none can be repaired.
///
/// Where minutes have been dropped it compares the hours in the same way, as far as they lie in the range; late
/// clicks are in these hours, too. [SumAudit] then compares the sums with what they are the sums of.
///
/// **Threads**: one.
final class Audit {
    /// A time after all clicks.
    static final Instant END = Instant.parse("9999-12-31T23:59:00Z");

    private static final int MINUTES_PER_HOUR = 60;
    private static final int BATCH_RECORDS = 65_536;

    /// How many counts are compared in one pass at most.
    static final int MAX_COUNTS = 4_000_000;

    /// How many differences are in memory at most. With more, the log and the database do not belong together.
    static final int MAX_DIFFERENCES = 1_000_000;

    /// How long the log may take to show a record that the database has counted.
    private static final Duration READ_PATIENCE = Duration.ofSeconds(10);

    private static final Duration READ_PAUSE = Duration.ofMillis(10);

    private final CountStore store;
    private final ClickReader reader;
    private final AuditedCounts counts;
    private final Progress progress;

    /// What was compared, and the outcome.
    ///
    /// @param from the first minute that was compared
    /// @param keptSince the first minute that the database keeps; for earlier times hours were compared
    /// @param position the last record of the log that was compared
    /// @param clicks how many clicks of the log are in the range
    /// @param compared how many pairs of banner and minute, or hour, were compared
    /// @param otherLogs logs that may have counted into the range, so that only counts that are too low were
    /// found
    /// @param differences how many counts differ
    /// @param sums the outcome for the sums
    record Result(
            Instant from,
            Instant keptSince,
            long position,
            long clicks,
            long compared,
            List<UUID> otherLogs,
            long differences,
            SumAudit.Result sums) {}

    /// A count that is not what it should be.
    ///
    /// @param bannerId [CountSnapshot#ALL_BANNERS] for the total of all banners
    /// @param minute the start of the unit, in minutes since 1970
    /// @param expected the count according to `source`
    record Difference(Unit unit, long bannerId, long minute, long inDatabase, Source source, long expected) {
        long missing() {
            return expected - inDatabase;
        }

        Instant time() {
            return EpochMinute.start(minute);
        }
    }

    /// What tells the right count: the log, the parts that it is the sum of, or the counts of the banners.
    enum Source {
        LOG,
        PARTS,
        BANNERS
    }

    /// @param maxCounts how many counts are compared in one pass at most
    Audit(CountStore store, ClickReader reader, int maxCounts, Progress progress) {
        this.store = store;
        this.reader = reader;
        this.progress = progress;
        counts = new AuditedCounts(maxCounts);
    }

    /// Compares the minutes that begin in the range, then the sums, and passes on the differences, by minute and
    /// banner.
    ///
    /// @param from empty for the beginning of the log
    /// @param repair whether to repair the counts that differ, in one transaction for each pass
    ///
    /// **Errors**: [StartFailure] when nobody can tell whether the counts are right.
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
            try (CountRepair repairing = store.repair()) {
                return run(begin, EpochMinute.ceil(to), position, Optional.of(repairing), sink);
            }
        }
        return run(begin, EpochMinute.ceil(to), position, Optional.empty(), sink);
    }

    private Result run(
            Instant from, long toMinute, long firstPosition, Optional<CountRepair> repair, Consumer<Difference> sink)
            throws SQLException, IOException {
        long firstMinute = EpochMinute.ceil(from);
        long firstHour = Unit.HOUR.ceil(firstMinute);
        var total = new Totals(firstPosition);
        long fromMinute = firstMinute;
        long minutesSince = minutesSince();
        while (fromMinute < toMinute) {
            boolean isDropped = fromMinute < minutesSince;
            long passFrom = isDropped ? Math.max(firstHour, Unit.HOUR.floor(fromMinute)) : fromMinute;
            long passTo = isDropped ? Math.min(minutesSince, Unit.HOUR.floor(toMinute)) : toMinute;
            if (passFrom >= passTo) {
                // Only parts of hours are left of the dropped minutes.
                fromMinute = isDropped ? minutesSince : toMinute;
                continue;
            }
            Pass pass = compare(isDropped ? Unit.HOUR : Unit.MINUTE, passFrom, passTo, total);
            minutesSince = pass.minutesSince;
            if (pass.wasDropped()) {
                continue;
            }
            if (repair.isPresent() && !pass.otherLogs.isEmpty() && !pass.differences.isEmpty()) {
                throw new StartFailure("""
                        Nothing was repaired: other logs (%s) may have counted into the same minutes, so this log does \
                        not have all clicks. Repair a range in which only this log can have clicks: --from, --to.\
                        """.formatted(join(pass.otherLogs)));
            }
            pass.differences.sort(Comparator.comparingLong(Difference::minute).thenComparingLong(Difference::bannerId));
            pass.differences.forEach(sink);
            if (repair.isPresent() && !pass.differences.isEmpty()) {
                // The database has counted more clicks of the log since, but what is missing is still the same.
                repair.get().correct(pass.position, pass.unit, missing(pass.differences));
            }
            total.add(pass, repair.isEmpty());
            fromMinute = pass.toMinute;
        }
        if (total.passes == 0) {
            throw new StartFailure("""
                    Minutes before %1$s have been dropped (STATS_RETENTION_MINUTES), and no hour before it lies wholly in \
                    the range: there is nothing to compare. Audit whole hours, or begin there: --from %1$s.\
                    """.formatted(EpochMinute.start(minutesSince)));
        }
        SumAudit.Result sums = new SumAudit(store).run(firstMinute, toMinute, total.unrepaired, repair, sink);
        return new Result(
                from,
                EpochMinute.start(minutesSince),
                total.position,
                total.clicks,
                total.compared,
                total.otherLogs,
                total.differences,
                sums);
    }

    private long minutesSince() throws SQLException {
        try (CountSnapshot snapshot = store.snapshot()) {
            return snapshot.minutesSince();
        }
    }

    static Counts missing(List<Difference> differences) {
        var missing = new Counts.Builder(differences.size());
        for (Difference difference : differences) {
            missing.add(difference.bannerId, difference.minute, difference.missing());
        }
        return missing.build();
    }

    /// What all passes together have found.
    private static final class Totals {
        private final List<Difference> unrepaired = new ArrayList<>();
        private long position;
        private List<UUID> otherLogs = List.of();
        private long clicks;
        private long compared;
        private long differences;
        private int passes;

        Totals(long position) {
            this.position = position;
        }

        void add(Pass pass, boolean isUnrepaired) {
            position = pass.position;
            otherLogs = pass.otherLogs;
            clicks += pass.clicks;
            compared += pass.compared;
            differences += pass.differences.size();
            passes++;
            if (isUnrepaired) {
                unrepaired.addAll(pass.differences);
            }
        }
    }

    /// What one pass has found.
    private static final class Pass {
        private final Unit unit;
        private final long fromMinute;
        private final int maxDifferences;
        private final List<Difference> differences = new ArrayList<>();
        private long position;
        private List<UUID> otherLogs = List.of();
        private long minutesSince;
        private long toMinute;
        private long clicks;
        private long compared;

        Pass(Unit unit, long fromMinute, int maxDifferences) {
            this.unit = unit;
            this.fromMinute = fromMinute;
            this.maxDifferences = maxDifferences;
        }

        /// Whether minutes that this pass was to compare have been dropped since it was decided to compare
        /// minutes.
        boolean wasDropped() {
            return unit == Unit.MINUTE && fromMinute < minutesSince;
        }

        void add(long bannerId, long minute, long inDatabase, long inLog) {
            clicks += inLog;
            compared++;
            boolean mayBeOfAnotherLog = !otherLogs.isEmpty() && inDatabase > inLog;
            if (inDatabase == inLog || mayBeOfAnotherLog) {
                return;
            }
            if (differences.size() == maxDifferences) {
                throw tooMany();
            }
            differences.add(new Difference(unit, bannerId, minute, inDatabase, Source.LOG, inLog));
        }
    }

    static StartFailure tooMany() {
        return new StartFailure("""
                More than %,d counts differ: this log and this database do not belong together, or the \
                database has lost a lot. Audit a shorter range, or rebuild the counts with ./run.sh replay.\
                """.formatted(MAX_DIFFERENCES));
    }

    private Pass compare(Unit unit, long fromMinute, long toMinute, Totals total) throws SQLException, IOException {
        counts.begin(fromMinute, toMinute, unit == Unit.HOUR ? MINUTES_PER_HOUR : 1);
        boolean isInLog = reader.moveToCycleOf(EpochMinute.start(fromMinute));
        if (isInLog) {
            // Read most of the log before the snapshot, so that the snapshot is not held for long.
            readTo(total.position);
        }
        var pass = new Pass(unit, fromMinute, MAX_DIFFERENCES - total.unrepaired.size());
        try (CountSnapshot snapshot = store.snapshot()) {
            pass.position = snapshot.position();
            if (pass.position < total.position) {
                throw new StartFailure(
                        "The database was restored to an older state during the audit. Start the audit again.");
            }
            pass.minutesSince = snapshot.minutesSince();
            if (pass.wasDropped()) {
                return pass;
            }
            if (isInLog) {
                readTo(pass.position);
            }
            pass.toMinute = counts.toMinute();
            pass.otherLogs = snapshot.otherLogsSince(ClickReader.firstIndexOf(EpochMinute.start(fromMinute)));
            snapshot.forEachCount(
                    unit,
                    fromMinute,
                    pass.toMinute,
                    (bannerId, minute, clicks) -> pass.add(bannerId, minute, clicks, counts.take(bannerId, minute)));
        }
        counts.forEachRemaining((bannerId, minute, clicks) -> pass.add(bannerId, minute, 0, clicks));
        return pass;
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
            // The record at the position is no click, and the record after it was consumed to find that out.
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
                "The click log (id %s) does not hold record 0x%x, up to which the database has counted it: files of the log were deleted, replaced or restored from an older copy. Restore the right files."
                        .formatted(reader.logId(), position));
    }

    private Instant requireBegin(Optional<Instant> from) throws IOException {
        Instant begin = reader.cycles().getFirst().start();
        if (from.isPresent() && from.get().isBefore(begin)) {
            throw new StartFailure(
                    "--from is %s, but the oldest file of the log begins at %s: earlier clicks cannot be counted again. Begin there: --from %s."
                            .formatted(from.get(), begin, begin));
        }
        return from.orElse(begin);
    }

    static String join(List<UUID> logs) {
        return String.join(", ", logs.stream().map(UUID::toString).toList());
    }
}
