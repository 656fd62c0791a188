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
import clickcounter.shared.log.LogCycle;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

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
    private static final int BATCH_RECORDS = 65_536;

    /// How many counts are compared in one pass at most.
    static final int MAX_COUNTS = 4_000_000;

    /// How many differences are in memory at most. With more, the log and the database do not belong together.
    private static final int MAX_DIFFERENCES = 1_000_000;

    /// How long the log may take to show a record that the database has counted.
    private static final Duration READ_PATIENCE = Duration.ofSeconds(10);

    private static final Duration READ_PAUSE = Duration.ofMillis(10);

    private final CountStore store;
    private final ClickReader reader;
    private final AuditedCounts counts;
    private final @Nullable CountRepair repair;
    private final Consumer<Difference> sink;
    private final Progress progress;

    /// The files of the log at the start. The retention may delete the oldest while the audit runs.
    private final List<LogCycle> cycles;

    /// When these files begin.
    private final Set<Instant> starts;

    /// The cycles of which this pass has read clicks.
    private final Set<Integer> cyclesRead = new HashSet<>();

    private int lastCycleRead;

    /// The last record of the log that was compared.
    private long position;

    /// The first minute that the database keeps; for earlier times hours are compared.
    private long minutesSince;

    /// Logs that may have counted into the range.
    private List<UUID> otherLogs = List.of();

    private long clicks;
    private long compared;
    private long differences;
    private boolean hasCompared;
    private final List<Difference> unrepaired = new ArrayList<>();

    /// A count that is not what it should be.
    ///
    /// @param bannerId [CountSnapshot#ALL_BANNERS] for the total of all banners
    /// @param minute the start of the unit, in minutes since 1970
    /// @param expected the count according to `source`
    record Difference(Unit unit, long bannerId, long minute, long inDatabase, Source source, long expected) {
        long missing() {
            return expected - inDatabase;
        }

        boolean isTooHigh() {
            return inDatabase > expected;
        }

        /// The line that is printed.
        String line() {
            return "%s  %s %s  database %d  %s %d"
                    .formatted(
                            bannerId == CountSnapshot.ALL_BANNERS ? "all banners" : "banner " + bannerId,
                            unit.word(),
                            EpochMinute.start(minute),
                            inDatabase,
                            switch (source) {
                                case LOG -> "log";
                                case PARTS -> "its " + unit.parts().word() + "s";
                                case BANNERS -> "the banners";
                            },
                            expected);
        }
    }

    /// What tells the right count: the log, the parts that it is the sum of, or the counts of the banners.
    enum Source {
        LOG,
        PARTS,
        BANNERS
    }

    /// @param maxCounts how many counts are compared in one pass at most
    /// @param repair repairs the counts that differ, in one transaction for each pass; null if they stay
    /// @param sink takes the counts that differ, by minute and banner
    ///
    /// **Errors**: [StartFailure] when the log and the database do not belong together.
    Audit(CountStore store, ClickReader reader, int maxCounts, @Nullable CountRepair repair, Consumer<Difference> sink)
            throws SQLException, IOException {
        this.store = store;
        this.reader = reader;
        this.repair = repair;
        this.sink = sink;
        position = requirePosition();
        counts = new AuditedCounts(maxCounts);
        cycles = reader.cycles();
        starts = cycles.stream().map(LogCycle::start).collect(Collectors.toSet());
        progress = new Progress(cycles);
    }

    /// Compares the minutes from `fromMinute` to before `toMinute`. To be called once.
    ///
    /// **Errors**: [StartFailure] when nobody can tell whether the counts are right.
    void run(long fromMinute, long toMinute) throws SQLException, IOException {
        try (CountSnapshot snapshot = store.snapshot()) {
            minutesSince = snapshot.minutesSince();
        }
        long firstHour = Unit.HOUR.ceil(fromMinute);
        long lastHour = Unit.HOUR.floor(toMinute);
        long minute = fromMinute;
        while (minute < toMinute) {
            if (minute >= minutesSince) {
                minute = compare(Unit.MINUTE, minute, toMinute);
                continue;
            }
            long hour = Math.max(firstHour, Unit.HOUR.floor(minute));
            long endOfHours = Math.min(minutesSince, lastHour);
            // In the end only parts of hours are left of the dropped minutes.
            minute = hour < endOfHours ? compare(Unit.HOUR, hour, endOfHours) : minutesSince;
        }
        if (!hasCompared) {
            throw new StartFailure("""
                    Minutes before %1$s have been dropped (STATS_RETENTION_MINUTES), and no hour before it lies wholly in \
                    the range: there is nothing to compare. Audit whole hours, or begin there: --from %1$s.\
                    """.formatted(keptSince()));
        }
    }

    /// Compares one pass. Returns the first minute that is left to the next one: `fromMinute` itself when its
    /// minutes have been dropped in the meantime.
    private long compare(Unit unit, long fromMinute, long toMinute) throws SQLException, IOException {
        List<Difference> found = new ArrayList<>();
        counts.begin(unit, fromMinute, toMinute);
        cyclesRead.clear();
        lastCycleRead = 0;
        boolean isInLog = reader.moveToCycleOf(EpochMinute.start(fromMinute));
        if (isInLog) {
            // Read most of the log before the snapshot, so that the snapshot is not held for long.
            readTo(position);
        }
        try (CountSnapshot snapshot = store.snapshot()) {
            if (snapshot.position() < position) {
                throw new StartFailure(
                        "The database was restored to an older state during the audit. Start the audit again.");
            }
            position = snapshot.position();
            minutesSince = snapshot.minutesSince();
            if (unit == Unit.MINUTE && fromMinute < minutesSince) {
                return fromMinute;
            }
            if (isInLog) {
                readTo(position);
            }
            requireAllCyclesRead(fromMinute);
            otherLogs = snapshot.otherLogsSince(ClickReader.firstIndexOf(EpochMinute.start(fromMinute)));
            snapshot.forEachCount(
                    unit,
                    fromMinute,
                    counts.toMinute(),
                    (bannerId, minute, inDatabase) ->
                            compare(found, unit, bannerId, minute, inDatabase, counts.take(bannerId, minute)));
        }
        counts.forEachRemaining((bannerId, minute, inLog) -> compare(found, unit, bannerId, minute, 0, inLog));
        hasCompared = true;
        report(unit, found);
        return counts.toMinute();
    }

    private void compare(List<Difference> found, Unit unit, long bannerId, long minute, long inDatabase, long inLog) {
        clicks += inLog;
        compared++;
        boolean mayBeOfAnotherLog = !otherLogs.isEmpty() && inDatabase > inLog;
        if (inDatabase != inLog && !mayBeOfAnotherLog) {
            requireFew(unrepaired.size() + found.size());
            found.add(new Difference(unit, bannerId, minute, inDatabase, Source.LOG, inLog));
        }
    }

    private void report(Unit unit, List<Difference> found) throws SQLException {
        if (found.isEmpty()) {
            return;
        }
        found.stream().filter(Difference::isTooHigh).forEach(this::requireFile);
        if (repair != null && !otherLogs.isEmpty()) {
            throw new StartFailure("""
                    Nothing was repaired: other logs (%s) may have counted into the same minutes, so this log does \
                    not have all clicks. Repair a range in which only this log can have clicks: --from, --to.\
                    """.formatted(otherLogNames()));
        }
        found.sort(Comparator.comparingLong(Difference::minute).thenComparingLong(Difference::bannerId));
        found.forEach(sink);
        differences += found.size();
        if (repair == null) {
            unrepaired.addAll(found);
        } else {
            // The database has counted more clicks of the log since, but what is missing is still the same.
            repair.correct(position, unit, missing(found));
        }
    }

    /// How many counts differ.
    long differences() {
        return differences;
    }

    /// The counts that differ still.
    List<Difference> unrepaired() {
        return unrepaired;
    }

    /// The time of the first minute that the database keeps.
    Instant keptSince() {
        return EpochMinute.start(minutesSince);
    }

    /// The outcome in one line.
    ///
    /// @param range what was to be compared
    /// @param outcome what has become of the differences
    String summary(String range, String outcome) {
        String what = "%,d clicks in %,d counts, %s (record 0x%x)".formatted(clicks, compared, range, position);
        if (differences > 0) {
            return "%,d counts %s. The log has %s.".formatted(differences, outcome, what);
        }
        if (otherLogs.isEmpty()) {
            return "Equal: %s.".formatted(what);
        }
        return "No count is lower than the log's: %s. Higher counts were not checked: the logs %s may have counted into the same minutes."
                .formatted(what, otherLogNames());
    }

    private String otherLogNames() {
        return otherLogs.stream().map(UUID::toString).collect(Collectors.joining(", "));
    }

    /// The clicks that the counts lack; negative where there are too many.
    static Counts missing(List<Difference> differences) {
        var missing = new Counts.Builder(differences.size());
        for (Difference difference : differences) {
            missing.add(difference.bannerId, difference.minute, difference.missing());
        }
        return missing.build();
    }

    /// @param differences how many there are in memory already
    static void requireFew(int differences) {
        if (differences >= MAX_DIFFERENCES) {
            throw new StartFailure("""
                    More than %,d counts differ: this log and this database do not belong together, or the \
                    database has lost a lot. Audit a shorter range, or rebuild the counts with ./run.sh replay.\
                    """.formatted(MAX_DIFFERENCES));
        }
    }

    private void readTo(long end) {
        long lastProgressNs = System.nanoTime();
        while (reader.position() < end) {
            int records = reader.read(BATCH_RECORDS, (index, bannerId, timestampMs) -> {
                if (ClickReader.cycleOf(index) != lastCycleRead) {
                    lastCycleRead = ClickReader.cycleOf(index);
                    cyclesRead.add(lastCycleRead);
                }
                if (index <= end) {
                    counts.add(bannerId, timestampMs);
                }
                return index < end;
            });
            if (records > 0) {
                lastProgressNs = System.nanoTime();
                progress.report(reader.position());
            } else if (System.nanoTime() - lastProgressNs > READ_PATIENCE.toNanos()) {
                throw lostRecord(end);
            } else {
                LockSupport.parkNanos(READ_PAUSE.toNanos());
            }
        }
        if (reader.position() > end) {
            // The record at the end is no click, and the record after it was consumed to find that out.
            reader.moveTo(end);
        }
    }

    /// Without the clicks of a file that was deleted meanwhile, right counts would look too high.
    private void requireAllCyclesRead(long fromMinute) {
        long firstIndex = ClickReader.firstIndexOf(EpochMinute.start(fromMinute));
        for (LogCycle cycle : cycles) {
            boolean isNeeded =
                    cycle.records() > 0 && cycle.firstIndex() >= firstIndex && cycle.firstIndex() <= position;
            boolean isRead = cyclesRead.contains(ClickReader.cycleOf(cycle.firstIndex()));
            // A file that is there has no clicks, but only records of others, or damaged ones.
            if (isNeeded && !isRead && Files.notExists(cycle.file())) {
                throw new StartFailure(
                        "The file %s of the log was deleted before it was read, because of LOG_RETENTION or LOG_MAX_SIZE. The counts from %s on were not compared. Start the audit again: it begins with the oldest file that is left."
                                .formatted(cycle.file().getFileName(), EpochMinute.start(fromMinute)));
            }
        }
    }

    /// A file in the middle of the log is missing if nobody clicked in its time, or if it was deleted. Then the counts
    /// of its clicks look too high, and are right.
    private void requireFile(Difference tooHigh) {
        Instant start = EpochMinute.start(tooHigh.minute);
        Instant end = EpochMinute.start(tooHigh.unit.next(tooHigh.minute));
        Instant cycle = ClickReader.cycleStart(ClickReader.firstIndexOf(start));
        while (cycle.isBefore(end)) {
            if (starts.contains(cycle)) {
                return;
            }
            cycle = cycle.plus(LogCycle.LENGTH);
        }
        if (start.isAfter(cycles.getFirst().start())
                && !end.isAfter(cycles.getLast().start())) {
            throw new StartFailure(
                    ExitCode.LOG_MISMATCH,
                    "The log has no file of %s, but the database has clicks of that time: the file was deleted. Nothing was compared from there on. Restore the file, or compare what is before and after it: --from, --to."
                            .formatted(start));
        }
    }

    private long requirePosition() throws SQLException {
        long counted = store.position().map(LogPosition::lastIndex).orElse(ClickReader.START);
        if (counted == ClickReader.START) {
            throw new StartFailure(
                    "The database has counted nothing of this log (id %s) yet: there is nothing to compare. Start ./run.sh aggregator, or ./run.sh replay."
                            .formatted(reader.logId()));
        }
        if (!reader.moveTo(counted)) {
            throw lostRecord(counted);
        }
        return counted;
    }

    private StartFailure lostRecord(long index) {
        return new StartFailure(
                ExitCode.LOG_MISMATCH,
                "The click log (id %s) does not hold record 0x%x, up to which the database has counted it: files of the log were deleted, replaced or restored from an older copy. Restore the right files."
                        .formatted(reader.logId(), index));
    }
}
