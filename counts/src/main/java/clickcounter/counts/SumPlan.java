package clickcounter.counts;

import clickcounter.counts.Period.Steps;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which minutes, hours, days and months to read for the steps of a period, and how to combine them.
///
/// Let S(x) be the clicks before x that are summed up; a step from a to b has S(b) - S(a) of them. A boundary of
/// a step is rarely the start of a month, and often not even the start of a day. So a path leads from each
/// boundary to the nearest full hour, from there to the nearest full day, and from there to the nearest month, as
/// far up as the steps are long. What lies on a path is added when the path leads forward, and subtracted when it
/// leads back; between the ends of the paths there are only whole units. A path is short: at most 30 minutes, 12
/// hours and 15 days. So the days of a zone other than UTC, too, are made of days and a few hours.
///
/// What is not summed up yet is read by minutes. The unit that contains the mark `rolledUntil` holds only the
/// clicks before the mark, so with regard to the sums the mark is the end of time.
public final class SumPlan {
    private static final List<Unit> UNITS = List.of(Unit.values());
    private static final long END_OF_TIME = Long.MAX_VALUE;

    private final Steps steps;
    private final long rolledUntil;
    private final boolean dependsOnMark;

    /// The boundaries as they are, then moved to the nearest full hour, from there to the nearest day, and so on
    /// as far as the paths go.
    private final List<long[]> aligned = new ArrayList<>();

    /// The units that start at `from` or later and before `to`, in minutes since 1970.
    public record Range(long from, long to) {
        boolean isEmpty() {
            return from >= to;
        }
    }

    /// One range to add or to subtract.
    ///
    /// @param sign 1 or -1
    public record Part(Unit unit, Range range, int sign) {}

    private SumPlan(Steps steps, Unit longest, Marks marks) {
        this.steps = steps;
        this.rolledUntil = marks.rolledUntil();
        this.dependsOnMark = longest != Unit.MINUTE;
        aligned.add(steps.bounds());
        for (Unit unit : UNITS.subList(1, UNITS.indexOf(longest) + 1)) {
            if (!alignTo(unit)) {
                break;
            }
        }
    }

    /// Returns the plan for `steps` when the database has these marks.
    ///
    /// @param step what the steps are; no unit is read that may be longer
    public static SumPlan of(Steps steps, Step step, Marks marks) {
        return new SumPlan(steps, step.longestUnit(), marks);
    }

    /// Aligns the boundaries to `unit`, if the paths there are shorter than what they save.
    private boolean alignTo(Unit unit) {
        long[] lower = aligned.getLast();
        long[] higher = new long[lower.length];
        long pathMinutes = 0;
        for (int at = 0; at < lower.length; at++) {
            higher[at] = END_OF_TIME;
            if (steps.bounds()[at] < rolledUntil) {
                higher[at] = unit.nearest(lower[at]);
                pathMinutes += Math.abs(Math.min(higher[at], rolledUntil) - Math.min(lower[at], rolledUntil));
            }
        }
        int last = lower.length - 1;
        if (higher[0] >= higher[last] || pathMinutes >= Math.min(lower[last], rolledUntil) - lower[0]) {
            return false;
        }
        aligned.add(higher);
        return true;
    }

    /// What to read of each unit, ascending and without overlaps. Units of which nothing is needed are left out;
    /// if nothing is needed at all, it is an empty range of minutes.
    public Map<Unit, List<Range>> ranges() {
        Map<Unit, List<Range>> ranges = new EnumMap<>(Unit.class);
        for (Unit unit : UNITS) {
            List<Range> ofUnit = ranges(unit);
            if (!ofUnit.isEmpty()) {
                ranges.put(unit, ofUnit);
            }
        }
        return ranges.isEmpty() ? Map.of(Unit.MINUTE, List.of(notRolled())) : ranges;
    }

    /// How many ranges there are at most, without making them.
    public int maxRanges() {
        int count = 2;
        for (Unit unit : UNITS) {
            for (int at = 0; at < steps.bounds().length; at++) {
                count += path(unit, at).isEmpty() ? 0 : 1;
            }
        }
        return count;
    }

    private List<Range> ranges(Unit unit) {
        List<Range> found = new ArrayList<>();
        for (int at = 0; at < steps.bounds().length; at++) {
            Range path = path(unit, at);
            if (!path.isEmpty()) {
                found.add(path);
            }
        }
        if (unit == top() && steps.count() > 0) {
            found.add(wholeUnits(0, steps.count()));
        }
        if (unit == Unit.MINUTE) {
            found.add(notRolled());
        }
        found.removeIf(Range::isEmpty);
        found.sort((left, right) -> Long.compare(left.from, right.from));
        return merged(found);
    }

    /// What to add and what to subtract for the only step of the plan; never empty.
    public List<Part> parts() {
        List<Part> parts = new ArrayList<>();
        for (Unit unit : UNITS) {
            for (int at = 0; at < steps.bounds().length; at++) {
                parts.add(new Part(unit, path(unit, at), at == 0 ? sign(unit, at) : -sign(unit, at)));
            }
        }
        if (steps.count() > 0) {
            parts.add(new Part(top(), wholeUnits(0, steps.count()), 1));
            parts.add(new Part(Unit.MINUTE, notRolled(), 1));
        }
        parts.removeIf(part -> part.range.isEmpty());
        return parts.isEmpty() ? List.of(new Part(Unit.MINUTE, notRolled(), 1)) : parts;
    }

    /// The minutes of all steps that are not summed up yet; they are among the ranges of [Unit#MINUTE].
    public Range notRolled() {
        return notRolled(0, steps.count());
    }

    /// The mark that the plan was made for.
    public long rolledUntil() {
        return rolledUntil;
    }

    /// Whether another mark would make another plan. A plan of minutes alone does not change: the minutes hold
    /// all clicks, whether they are summed up or not.
    public boolean dependsOnMark() {
        return dependsOnMark;
    }

    /// The first minute that the plan reads from the counts by minute, or [Long#MAX_VALUE] when it reads none.
    public long firstMinute() {
        List<Range> minutes = ranges(Unit.MINUTE);
        return minutes.isEmpty() ? Long.MAX_VALUE : minutes.getFirst().from;
    }

    /// Returns the clicks of each step.
    ///
    /// @param read all counts of [#ranges()]
    public long[] sums(Map<Unit, MinuteCounts> read) {
        long[] sums = new long[steps.count()];
        var units = RunningSums.of(read.get(top()));
        var minutes = RunningSums.of(read.get(Unit.MINUTE));
        for (int at = 0; at < sums.length; at++) {
            sums[at] += units.clicks(wholeUnits(at, at + 1)) + minutes.clicks(notRolled(at, at + 1));
        }
        for (Unit unit : UNITS) {
            var onPaths = RunningSums.of(read.get(unit));
            for (int at = 0; at <= sums.length; at++) {
                long clicks = sign(unit, at) * onPaths.clicks(path(unit, at));
                if (at < sums.length) {
                    sums[at] += clicks;
                }
                if (at > 0) {
                    sums[at - 1] -= clicks;
                }
            }
        }
        return sums;
    }

    /// Gives the sum of any range without adding up its counts.
    ///
    /// @param before at each place the clicks before it, and all clicks at the end
    @SuppressWarnings("ArrayRecordComponent") // lives as long as one call
    private record RunningSums(MinuteCounts counts, long[] before) {
        static RunningSums of(@Nullable MinuteCounts read) {
            MinuteCounts counts = read == null ? MinuteCounts.NONE : read;
            long[] before = new long[counts.size() + 1];
            for (int at = 0; at < counts.size(); at++) {
                before[at + 1] = before[at] + counts.clicks(at);
            }
            return new RunningSums(counts, before);
        }

        long clicks(Range range) {
            return range.isEmpty()
                    ? 0
                    : before[counts.firstAtOrAfter(range.to)] - before[counts.firstAtOrAfter(range.from)];
        }
    }

    /// The units of the top level between the ends of the paths.
    private Range wholeUnits(int fromBound, int toBound) {
        long[] ends = aligned.getLast();
        return rolled(ends[fromBound], ends[toBound]);
    }

    private Range notRolled(int fromBound, int toBound) {
        return new Range(
                Math.max(steps.bounds()[fromBound], rolledUntil), Math.max(steps.bounds()[toBound], rolledUntil));
    }

    /// What lies between a boundary aligned to `unit` and the same boundary aligned to the next longer unit.
    private Range path(Unit unit, int bound) {
        if (isTopOrAbove(unit) || steps.bounds()[bound] >= rolledUntil) {
            return new Range(0, 0);
        }
        long here = aligned.get(UNITS.indexOf(unit))[bound];
        long above = aligned.get(UNITS.indexOf(unit) + 1)[bound];
        return rolled(Math.min(here, above), Math.max(here, above));
    }

    private int sign(Unit unit, int bound) {
        if (isTopOrAbove(unit)) {
            return 0;
        }
        return aligned.get(UNITS.indexOf(unit))[bound] < aligned.get(UNITS.indexOf(unit) + 1)[bound] ? 1 : -1;
    }

    private Unit top() {
        return UNITS.get(aligned.size() - 1);
    }

    private boolean isTopOrAbove(Unit unit) {
        return unit.compareTo(top()) >= 0;
    }

    private Range rolled(long from, long to) {
        return new Range(Math.min(from, rolledUntil), Math.min(to, rolledUntil));
    }

    private static List<Range> merged(List<Range> ascending) {
        List<Range> merged = new ArrayList<>();
        for (Range range : ascending) {
            Range last = merged.isEmpty() ? range : merged.getLast();
            if (merged.isEmpty() || last.to < range.from) {
                merged.add(range);
            } else {
                merged.set(merged.size() - 1, new Range(last.from, Math.max(last.to, range.to)));
            }
        }
        return merged;
    }
}
