package clickcounter.query.counts;

import clickcounter.query.counts.Period.Steps;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which minutes, hours, days and months to read for the steps of a period, and how to put them together.
///
/// Let S(x) be the clicks before x that are summed up; a step from a to b has S(b) - S(a) of them. A boundary
/// of a step is nearly never one of a month, and often none of a day: so from each boundary a path leads to the
/// nearest full hour, from there to the nearest full day, and from there to the nearest month, as far up as the
/// steps are long. What lies on the path is added when it leads forward, subtracted when it leads back; between
/// the ends of the paths there are only whole units. A path is short: at most 30 minutes, 12 hours, 15 days.
/// The days of a zone that is not UTC are so made of days, too, and of few hours.
///
/// What is not summed up yet is read by minutes. A unit that holds the mark `rolledUntil` holds what is before
/// it, so with regard to the sums the mark is the end of time.
public final class SumPlan {
    private static final List<Level> LEVELS = List.of(Level.values());
    private static final long END_OF_TIME = Long.MAX_VALUE;

    private final Steps steps;
    private final long rolledUntil;
    private final boolean dependsOnMark;

    /// The boundaries as they are, moved to the nearest full hour, from there to the nearest day, and so on as
    /// far as the paths go.
    private final List<long[]> aligned = new ArrayList<>();

    /// Units of one level that begin from `since` to before `before`.
    public record Range(long since, long before) {}

    /// One range to add up, or to subtract.
    public record Part(Level level, Range range, int sign) {}

    private SumPlan(Steps steps, Level longest, Marks marks) {
        this.steps = steps;
        this.rolledUntil = marks.rolledUntil();
        this.dependsOnMark = longest != Level.MINUTE;
        aligned.add(steps.bounds());
        for (Level level : LEVELS.subList(1, LEVELS.indexOf(longest) + 1)) {
            if (!alignTo(level)) {
                break;
            }
        }
    }

    /// The plan for some steps when the database has these marks.
    ///
    /// @param step how long the steps are at most; nothing longer is read for them
    public static SumPlan of(Steps steps, Step step, Marks marks) {
        return new SumPlan(
                steps,
                switch (step) {
                    case MINUTE -> Level.MINUTE;
                    case HOUR -> Level.HOUR;
                    case DAY, WEEK -> Level.DAY;
                    case MONTH, TOTAL -> Level.MONTH;
                },
                marks);
    }

    /// Aligns the boundaries to `level`, if the paths there are shorter than what they save.
    private boolean alignTo(Level level) {
        long[] lower = aligned.getLast();
        long[] higher = new long[lower.length];
        long pathMinutes = 0;
        for (int at = 0; at < lower.length; at++) {
            higher[at] = END_OF_TIME;
            if (steps.bounds()[at] < rolledUntil) {
                higher[at] = level.nearest(lower[at]);
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

    /// All minutes as they are: their counts are the answer.
    public static SumPlan ofMinutes(Period period) {
        return of(period.total().steps(1), Step.MINUTE, Marks.NONE);
    }

    /// What to read of a level, ascending.
    public List<Range> ranges(Level level) {
        List<Range> found = new ArrayList<>();
        for (int at = 0; at < steps.bounds().length; at++) {
            add(path(level, at), found);
        }
        if (level == top() && steps.count() > 0) {
            add(wholeUnits(0, steps.count()), found);
        }
        if (level == Level.MINUTE) {
            add(notRolled(), found);
        }
        found.sort((left, right) -> Long.compare(left.since, right.since));
        return merged(found);
    }

    /// The same for the only step of a plan: what to add up and what to subtract.
    public List<Part> parts() {
        List<Part> parts = new ArrayList<>();
        for (Level level : LEVELS) {
            for (int at = 0; at < steps.bounds().length; at++) {
                Range path = path(level, at);
                if (isNotEmpty(path)) {
                    parts.add(new Part(level, path, at == 0 ? sign(level, at) : -sign(level, at)));
                }
            }
        }
        if (steps.count() > 0) {
            parts.add(new Part(top(), wholeUnits(0, steps.count()), 1));
            parts.add(new Part(Level.MINUTE, notRolled(0, steps.count()), 1));
        }
        return parts.stream().filter(part -> isNotEmpty(part.range)).toList();
    }

    /// The minutes that are not summed up yet, of all steps; they are among the ranges of [Level#MINUTE].
    public Range notRolled() {
        return steps.count() > 0 ? notRolled(0, steps.count()) : new Range(0, 0);
    }

    /// The mark that it was made for.
    public long rolledUntil() {
        return rolledUntil;
    }

    /// Whether another mark would make another plan. Minutes are all there, summed up or not.
    public boolean dependsOnMark() {
        return dependsOnMark;
    }

    /// The first minute of those that must still be there, or [Long#MAX_VALUE].
    public long firstMinute() {
        List<Range> minutes = ranges(Level.MINUTE);
        return minutes.isEmpty() ? Long.MAX_VALUE : minutes.getFirst().since;
    }

    /// The clicks of each step, from all that the ranges hold.
    public long[] sums(Map<Level, MinuteCounts> read) {
        long[] sums = new long[steps.count()];
        var units = RunningSums.of(read.get(top()));
        var minutes = RunningSums.of(read.get(Level.MINUTE));
        for (int at = 0; at < sums.length; at++) {
            sums[at] += units.clicks(wholeUnits(at, at + 1)) + minutes.clicks(notRolled(at, at + 1));
        }
        for (Level level : LEVELS) {
            var onPaths = RunningSums.of(read.get(level));
            for (int at = 0; at <= sums.length; at++) {
                long clicks = sign(level, at) * onPaths.clicks(path(level, at));
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

    /// Sums of ranges without adding up each.
    ///
    /// @param before at each place the clicks before it, and all at the end
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
            return isNotEmpty(range)
                    ? before[counts.firstAtOrAfter(range.before)] - before[counts.firstAtOrAfter(range.since)]
                    : 0;
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

    /// What lies between a boundary as it is at `level` and at the level above.
    private Range path(Level level, int bound) {
        if (isTopOrAbove(level) || steps.bounds()[bound] >= rolledUntil) {
            return new Range(0, 0);
        }
        long here = aligned.get(LEVELS.indexOf(level))[bound];
        long above = aligned.get(LEVELS.indexOf(level) + 1)[bound];
        return rolled(Math.min(here, above), Math.max(here, above));
    }

    private int sign(Level level, int bound) {
        if (isTopOrAbove(level)) {
            return 0;
        }
        return aligned.get(LEVELS.indexOf(level))[bound] < aligned.get(LEVELS.indexOf(level) + 1)[bound] ? 1 : -1;
    }

    private Level top() {
        return LEVELS.get(aligned.size() - 1);
    }

    private boolean isTopOrAbove(Level level) {
        return LEVELS.indexOf(level) >= aligned.size() - 1;
    }

    private Range rolled(long since, long before) {
        return new Range(Math.min(since, rolledUntil), Math.min(before, rolledUntil));
    }

    private static void add(Range range, List<Range> found) {
        if (isNotEmpty(range)) {
            found.add(range);
        }
    }

    private static boolean isNotEmpty(Range range) {
        return range.since < range.before;
    }

    private static List<Range> merged(List<Range> ascending) {
        List<Range> merged = new ArrayList<>();
        for (Range range : ascending) {
            Range last = merged.isEmpty() ? range : merged.getLast();
            if (merged.isEmpty() || last.before < range.since) {
                merged.add(range);
            } else {
                merged.set(merged.size() - 1, new Range(last.since, Math.max(last.before, range.before)));
            }
        }
        return merged;
    }
}
