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
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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
    private final @Nullable CountRepair repair;
    private final Consumer<Difference> sink;
    private long rolledUntil;
    private long differences;

    /// @param repair repairs the sums that differ, those of one month in one transaction; null if they stay
    /// @param sink takes the sums that differ, month by month: first the hours, then the days, then the months
    SumAudit(CountStore store, @Nullable CountRepair repair, Consumer<Difference> sink) {
        this.store = store;
        this.repair = repair;
        this.sink = sink;
    }

    /// Compares all hours of the days and all days of the months that the range touches. To be called once.
    ///
    /// @param known counts that differ from the log and are not repaired
    void run(long fromMinute, long toMinute, List<Difference> known) throws SQLException {
        long month = Unit.MONTH.floor(fromMinute);
        while (month < toMinute) {
            List<Difference> found;
            Unit lowest;
            long next;
            try (CountSnapshot snapshot = store.snapshot()) {
                rolledUntil = snapshot.rolledUntil();
                // There should be no sums after the last minute that is summed up.
                next = month > rolledUntil ? Unit.MONTH.ceil(toMinute) : Unit.MONTH.next(month);
                lowest = month < snapshot.minutesSince() ? Unit.HOUR : Unit.MINUTE;
                long fromDay = Unit.DAY.floor(Math.max(month, fromMinute));
                long toDay = Math.min(next, Unit.DAY.ceil(toMinute));
                found = compare(snapshot, lowest, month, next, fromDay, toDay, known);
            }
            found.forEach(sink);
            differences += found.size();
            if (repair != null && !found.isEmpty()) {
                repair.sumUpAnew(lowest, Audit.missing(found));
            }
            month = next;
        }
    }

    /// The first minute that any sum covers.
    long firstMinute() throws SQLException {
        try (CountSnapshot snapshot = store.snapshot()) {
            return snapshot.firstMinute().orElse(snapshot.rolledUntil());
        }
    }

    /// How many sums differ.
    long differences() {
        return differences;
    }

    /// The outcome in one line.
    ///
    /// @param outcome what has become of the differences
    String summary(Instant from, String outcome) {
        if (differences > 0) {
            return "%,d sums by hour, day and month %s.".formatted(differences, outcome);
        }
        Instant summedUntil = EpochMinute.start(rolledUntil);
        return from.isBefore(summedUntil)
                ? "Equal: the sums by hour, day and month, from %s to %s, up to which minutes are summed up."
                        .formatted(from, summedUntil)
                : "No minutes from %s on have been summed up by hour, day and month yet.".formatted(from);
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
                int before = found.size();
                snapshot.forEachWrongSum(unit, from, to, Audit.missing(parts), into(found, unit, Source.PARTS));
                parts = List.copyOf(found.subList(before, found.size()));
            }
            snapshot.forEachWrongTotal(unit, from, to, Audit.missing(parts), into(found, unit, Source.BANNERS));
        }
        return found;
    }

    private static CountSnapshot.WrongSums into(List<Difference> found, Unit unit, Source source) {
        return (bannerId, minute, sum, expected) -> {
            Audit.requireFew(found.size());
            found.add(new Difference(unit, bannerId, minute, sum, source, expected));
        };
    }
}
