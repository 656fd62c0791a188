package clickcounter.aggregator;

import clickcounter.counts.CountRepair;
import clickcounter.counts.CountSnapshot;
import clickcounter.counts.CountStore;
import clickcounter.counts.Counts;
import clickcounter.counts.LogPosition;
import clickcounter.counts.Unit;
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
/// snapshot as the position: so both are of exactly the same clicks. What does not fit into memory at once
/// is compared in several passes, each with a snapshot of its own, from the earlier minutes to the later
/// ones.
///
/// Of the database's counts only those can be compared of which the log has every click. So the range must
/// not begin before the log's oldest file. When other logs may have counted into the same minutes, a count
/// that is higher than the log's may be right; then only lower ones are differences, and none can be
/// mended.
///
/// Of minutes that were dropped the hours are compared in the same way, as far as they lie in the range;
/// clicks that are later than that are in the hours, too. [SumAudit] then compares the sums with what they
/// are the sums of.
///
/// **Threads**: one.
final class Audit {
    /// The end of time: no click is younger.
    static final Instant END = Instant.parse("9999-12-31T23:59:00Z");

    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final int MINUTES_PER_HOUR = 60;
    private static final int BATCH_RECORDS = 65_536;

    /// Most counts that are compared in one pass.
    static final int MAX_COUNTS = 4_000_000;

    /// Most differences that are in memory at once. With more, the log and the database do not belong
    /// together.
    static final int MAX_DIFFERENCES = 1_000_000;

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
    /// @param keptSince the first minute that is kept; before it hours were compared, if that is in the
    /// range
    /// @param position up to which record of the log
    /// @param clicks of the log, in the range
    /// @param compared pairs of banner and minute, or hour
    /// @param otherLogs logs that may have counted into the range; only counts that are too low were found
    /// then
    /// @param differences how many counts differ
    /// @param sums what was found in the sums
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
    /// @param bannerId [CountSnapshot#ALL_BANNERS] for the total of all
    /// @param minute the start of the unit, in minutes since 1970
    /// @param expected what the log says, or the parts that it is the sum of
    record Difference(Unit unit, long bannerId, long minute, long inDatabase, Source source, long expected) {
        long missing() {
            return expected - inDatabase;
        }

        Instant time() {
            return timeOf(minute);
        }
    }

    /// How it is known what a count should be.
    enum Source {
        LOG,
        PARTS,
        BANNERS
    }

    /// @param maxCounts most counts that are compared in one pass
    Audit(CountStore store, ClickReader reader, int maxCounts, Progress progress) {
        this.store = store;
        this.reader = reader;
        this.progress = progress;
        counts = new AuditedCounts(maxCounts);
    }

    /// Compares the minutes that begin in the range, and passes the differences on, by minute and banner;
    /// then the sums.
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
            try (CountRepair mending = store.repair()) {
                return run(begin, ceilMinute(to), position, Optional.of(mending), sink);
            }
        }
        return run(begin, ceilMinute(to), position, Optional.empty(), sink);
    }

    private Result run(
            Instant from, long toMinute, long firstPosition, Optional<CountRepair> repair, Consumer<Difference> sink)
            throws SQLException, IOException {
        long firstMinute = ceilMinute(from);
        long firstHour = Unit.HOUR.ceil(firstMinute);
        var total = new Totals(firstPosition);
        long fromMinute = firstMinute;
        long minutesSince = minutesSince();
        while (fromMinute < toMinute) {
            boolean isDropped = fromMinute < minutesSince;
            long passFrom = isDropped ? Math.max(firstHour, Unit.HOUR.floor(fromMinute)) : fromMinute;
            long passTo = isDropped ? Math.min(minutesSince, Unit.HOUR.floor(toMinute)) : toMinute;
            if (passFrom >= passTo) {
                // What is left of the dropped minutes are parts of hours.
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
                        Nothing was mended: other logs (%s) may have counted into the same minutes, so what this log \
                        has is not all. Mend minutes of which only this log can have clicks.\
                        """.formatted(join(pass.otherLogs)));
            }
            pass.differences.sort(Comparator.comparingLong(Difference::minute).thenComparingLong(Difference::bannerId));
            pass.differences.forEach(sink);
            if (repair.isPresent() && !pass.differences.isEmpty()) {
                // Both the database and the log have got the same clicks since: what is missing is still the same.
                repair.get().correct(pass.position, pass.unit, missing(pass.differences));
            }
            total.add(pass, repair.isEmpty());
            fromMinute = pass.toMinute;
        }
        if (total.passes == 0) {
            throw new StartFailure("""
                    Minutes before %1$s were dropped (STATS_RETENTION_MINUTES), and of the hours before it none lies wholly \
                    in the range: there is nothing to compare. Audit whole hours, or from then on: --from %1$s.\
                    """.formatted(timeOf(minutesSince)));
        }
        SumAudit.Result sums = new SumAudit(store).run(firstMinute, toMinute, total.unmended, repair, sink);
        return new Result(
                from,
                timeOf(minutesSince),
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

    /// What all passes have found.
    private static final class Totals {
        private final List<Difference> unmended = new ArrayList<>();
        private long position;
        private List<UUID> otherLogs = List.of();
        private long clicks;
        private long compared;
        private long differences;
        private int passes;

        Totals(long position) {
            this.position = position;
        }

        void add(Pass pass, boolean isUnmended) {
            position = pass.position;
            otherLogs = pass.otherLogs;
            clicks += pass.clicks;
            compared += pass.compared;
            differences += pass.differences.size();
            passes++;
            if (isUnmended) {
                unmended.addAll(pass.differences);
            }
        }
    }

    /// What one pass has found.
    private static final class Pass {
        private final Unit unit;
        private final long fromMinute;
        private final int mostDifferences;
        private final List<Difference> differences = new ArrayList<>();
        private long position;
        private List<UUID> otherLogs = List.of();
        private long minutesSince;
        private long toMinute;
        private long clicks;
        private long compared;

        Pass(Unit unit, long fromMinute, int mostDifferences) {
            this.unit = unit;
            this.fromMinute = fromMinute;
            this.mostDifferences = mostDifferences;
        }

        /// Whether the minutes that were to be compared have been dropped since it was decided to compare
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
            if (differences.size() == mostDifferences) {
                throw tooMany();
            }
            differences.add(new Difference(unit, bannerId, minute, inDatabase, Source.LOG, inLog));
        }
    }

    static StartFailure tooMany() {
        return new StartFailure("""
                More than %,d counts differ: this log and this database do not belong together, or the \
                database has lost much. Look at a shorter range, or build it anew with ./run.sh replay.\
                """.formatted(MAX_DIFFERENCES));
    }

    private Pass compare(Unit unit, long fromMinute, long toMinute, Totals total) throws SQLException, IOException {
        counts.begin(fromMinute, toMinute, unit == Unit.HOUR ? MINUTES_PER_HOUR : 1);
        boolean isInLog = reader.moveToCycleOf(timeOf(fromMinute));
        if (isInLog) {
            // Before the snapshot, so that it need not be held for long.
            readTo(total.position);
        }
        var pass = new Pass(unit, fromMinute, MAX_DIFFERENCES - total.unmended.size());
        try (CountSnapshot snapshot = store.snapshot()) {
            pass.position = snapshot.position();
            if (pass.position < total.position) {
                throw new StartFailure(
                        "The database was restored to an older state while it was audited. Start the audit again.");
            }
            pass.minutesSince = snapshot.minutesSince();
            if (pass.wasDropped()) {
                return pass;
            }
            if (isInLog) {
                readTo(pass.position);
            }
            pass.toMinute = counts.toMinute();
            pass.otherLogs = snapshot.otherLogsSince(ClickReader.firstIndexOf(timeOf(fromMinute)));
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

    static Instant timeOf(long minute) {
        return Instant.ofEpochSecond(minute * MINUTE.toSeconds());
    }

    static long ceilMinute(Instant time) {
        return -Math.floorDiv(-time.getEpochSecond() - (time.getNano() > 0 ? 1 : 0), MINUTE.toSeconds());
    }

    static String join(List<UUID> logs) {
        return String.join(", ", logs.stream().map(UUID::toString).toList());
    }
}
