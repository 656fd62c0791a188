package clickcounter.tools;

import clickcounter.counts.CountRepair;
import clickcounter.counts.CountSnapshot;
import clickcounter.counts.CountStore;
import clickcounter.counts.Unit;
import clickcounter.shared.EpochMinute;
import clickcounter.tools.Audit.Difference;
import clickcounter.tools.Audit.Source;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Compares the sums by hour, day and month with what they are the sums of, while everything runs: the hours with
/// the minutes where these are kept, the days with the hours, the months with the days. It also compares the
/// totals of all banners, including those by minute, with the counts of the banners.
///
/// It takes one month after the other, each in a snapshot of its own, in which sums and minutes must agree. For a
/// part that is known to be wrong it uses the right value, so that it finds each wrong sum, and no sum that is
/// right.
///
/// **Threads**: one.
final class SumAudit {
    private final CountStore store;

    /// The outcome.
    ///
    /// @param from the first minute of the range; all hours of its day were compared, and all days of its month
    /// @param rolledUntil the first minute that is not summed up
    /// @param differences how many sums differ
    record Result(Instant from, Instant rolledUntil, long differences) {}

    SumAudit(CountStore store) {
        this.store = store;
    }

    /// Passes on the sums that differ, month by month: first the hours, then the days, then the months.
    ///
    /// @param from empty for the first sum
    /// @param repair whether to repair the sums that differ, those of one month in one transaction
    Result run(Optional<Instant> from, Instant to, boolean repair, Consumer<Difference> sink) throws SQLException {
        long firstMinute = from.isPresent() ? EpochMinute.ceil(from.get()) : firstMinute();
        if (repair) {
            try (CountRepair repairing = store.repair()) {
                return run(firstMinute, EpochMinute.ceil(to), List.of(), Optional.of(repairing), sink);
            }
        }
        return run(firstMinute, EpochMinute.ceil(to), List.of(), Optional.empty(), sink);
    }

    /// @param known counts that differ from the log and are not repaired
    Result run(
            long firstMinute,
            long toMinute,
            List<Difference> known,
            Optional<CountRepair> repair,
            Consumer<Difference> sink)
            throws SQLException {
        long differences = 0;
        long month = Unit.MONTH.floor(firstMinute);
        long rolledUntil = 0;
        while (month < toMinute) {
            List<Difference> found;
            Unit lowest;
            long next;
            try (CountSnapshot snapshot = store.snapshot()) {
                rolledUntil = snapshot.rolledUntil();
                // There should be no sums after the last minute that is summed up.
                next = month > rolledUntil ? Unit.MONTH.ceil(toMinute) : Unit.MONTH.next(month);
                lowest = month < snapshot.minutesSince() ? Unit.HOUR : Unit.MINUTE;
                long fromDay = Unit.DAY.floor(Math.max(month, firstMinute));
                long toDay = Math.min(next, Unit.DAY.ceil(toMinute));
                found = compare(snapshot, lowest, month, next, fromDay, toDay, known);
            }
            found.forEach(sink);
            differences += found.size();
            if (repair.isPresent() && !found.isEmpty()) {
                repair.get().sumUpAnew(lowest, Audit.missing(found));
            }
            month = next;
        }
        return new Result(EpochMinute.start(firstMinute), EpochMinute.start(rolledUntil), differences);
    }

    private long firstMinute() throws SQLException {
        try (CountSnapshot snapshot = store.snapshot()) {
            return snapshot.firstMinute().orElse(snapshot.rolledUntil());
        }
    }

    private static List<Difference> compare(
            CountSnapshot snapshot,
            Unit lowest,
            long month,
            long nextMonth,
            long fromDay,
            long toDay,
            List<Difference> known)
            throws SQLException {
        List<Difference> found = new ArrayList<>();
        List<Difference> parts = known.stream()
                .filter(difference -> difference.unit() == lowest)
                .filter(difference ->
                        difference.minute() >= fromDay && difference.minute() < Math.min(toDay, snapshot.rolledUntil()))
                .toList();
        for (Unit unit : Unit.values()) {
            if (unit.compareTo(lowest) < 0) {
                continue;
            }
            long from = unit == Unit.MONTH ? month : fromDay;
            long to = unit == Unit.MONTH ? nextMonth : toDay;
            if (unit != lowest) {
                var wrong = new Wrong(unit, Source.PARTS, found.size());
                snapshot.forEachWrongSum(unit, from, to, Audit.missing(parts), wrong);
                found.addAll(wrong.differences);
                parts = wrong.differences;
            }
            var wrong = new Wrong(unit, Source.BANNERS, found.size());
            snapshot.forEachWrongTotal(unit, from, to, Audit.missing(parts), wrong);
            found.addAll(wrong.differences);
        }
        return found;
    }

    /// Collects the sums of one unit that are wrong.
    private static final class Wrong implements CountSnapshot.WrongSums {
        private final Unit unit;
        private final Source source;
        private final int before;
        private final List<Difference> differences = new ArrayList<>();

        /// @param before how many sums of other units are wrong
        Wrong(Unit unit, Source source, int before) {
            this.unit = unit;
            this.source = source;
            this.before = before;
        }

        @Override
        public void wrong(long bannerId, long minute, long sum, long expected) {
            if (before + differences.size() == Audit.MAX_DIFFERENCES) {
                throw Audit.tooMany();
            }
            differences.add(new Difference(unit, bannerId, minute, sum, source, expected));
        }
    }
}
