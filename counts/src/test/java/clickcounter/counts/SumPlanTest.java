package clickcounter.counts;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.Period.Steps;
import clickcounter.counts.SumPlan.Part;
import clickcounter.counts.SumPlan.Range;
import clickcounter.shared.EpochMinute;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// What a plan reads and combines equals the sum of the minutes.
class SumPlanTest {
    private static final List<Step> STEPS = List.of(Step.values());
    private static final List<String> ZONES = List.of(
            "UTC",
            "Europe/Berlin",
            "Europe/Moscow",
            "America/Sao_Paulo",
            "America/St_Johns",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Africa/Monrovia");

    private static long minute(String time) {
        return EpochMinute.of(Instant.parse(time));
    }

    /// The tables as the roll-up fills them.
    private static final class Tables {
        private final NavigableMap<Long, Long> minutes;
        private final Map<Unit, NavigableMap<Long, Long>> sumsByUnit = new EnumMap<>(Unit.class);
        private long rowsRead;

        Tables(NavigableMap<Long, Long> minutes, long rolledUntil) {
            this.minutes = minutes;
            for (Unit unit : Unit.SUMS) {
                var sums = new TreeMap<Long, Long>();
                minutes.headMap(rolledUntil)
                        .forEach((minute, clicks) -> sums.merge(start(unit, minute), clicks, Long::sum));
                sumsByUnit.put(unit, sums);
            }
        }

        private static long start(Unit unit, long minute) {
            return switch (unit) {
                case MINUTE -> minute;
                case HOUR -> minute / 60 * 60;
                case DAY -> minute / 1_440 * 1_440;
                case MONTH ->
                    YearMonth.from(EpochMinute.start(minute).atOffset(ZoneOffset.UTC))
                                    .atDay(1)
                                    .toEpochDay()
                            * 1_440;
            };
        }

        MinuteCounts read(Unit unit, List<Range> ranges) {
            var rows = new TreeMap<Long, Long>();
            for (Range range : ranges) {
                rows.putAll(sumsByUnit.getOrDefault(unit, minutes).subMap(range.from(), range.to()));
            }
            rowsRead += rows.size();
            return new MinuteCounts(
                    rows.keySet().stream().mapToLong(Long::longValue).toArray(),
                    rows.values().stream().mapToLong(Long::longValue).toArray());
        }

        long[] sums(SumPlan plan) {
            Map<Unit, MinuteCounts> read = new EnumMap<>(Unit.class);
            plan.ranges().forEach((unit, ranges) -> read.put(unit, read(unit, ranges)));
            assertThat(plan.ranges().values().stream().mapToInt(List::size).sum())
                    .isLessThanOrEqualTo(plan.maxRanges());
            return plan.sums(read);
        }

        long sum(List<Part> parts) {
            return parts.stream()
                    .mapToLong(part -> part.sign()
                            * read(part.unit(), List.of(part.range())).total())
                    .sum();
        }

        long[] naive(Steps steps) {
            long[] sums = new long[steps.count()];
            for (int at = 0; at < sums.length; at++) {
                sums[at] = minutes.subMap(steps.bounds()[at], steps.bounds()[at + 1]).values().stream()
                        .mapToLong(Long::longValue)
                        .sum();
            }
            return sums;
        }
    }

    private static NavigableMap<Long, Long> clicks(Random random, long since, long before, int count) {
        var minutes = new TreeMap<Long, Long>();
        for (int click = 0; click < count; click++) {
            minutes.merge(random.nextLong(since, before), 1L + random.nextInt(9), Long::sum);
        }
        return minutes;
    }

    @Test
    void givesWhatAddingUpMinutesGives() {
        long seed = System.nanoTime();
        System.out.println("givesWhatAddingUpMinutesGives: seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            long since = random.nextInt(4) == 0 ? 0 : minute("2011-10-01T00:00:00Z");
            long length = 1L << random.nextInt(3, 19);
            long from = since + random.nextLong(length);
            long to = from + random.nextLong(length + 1);
            if (random.nextBoolean()) {
                from = from / 60 * 60;
            }
            long mark = random.nextInt(4) == 0 ? 0 : since + random.nextLong(3 * length);
            Step step = STEPS.get(1 + random.nextInt(STEPS.size() - 1));
            String zone = ZONES.get(random.nextInt(ZONES.size()));
            var period = new Period(Math.min(from, to), to, step, ZoneId.of(zone));
            Steps steps = period.steps(1_000_000);
            var tables = new Tables(clicks(random, since, since + 3 * length, 200), mark);
            var plan = SumPlan.of(steps, step, new Marks(mark, 0));

            assertThat(tables.sums(plan))
                    .as("round %d: %s, rolled until %d", round, period, mark)
                    .isEqualTo(tables.naive(steps));
            Steps total = period.total().steps(1);
            assertThat(tables.sum(
                            SumPlan.of(total, Step.TOTAL, new Marks(mark, 0)).parts()))
                    .as("round %d: total of %s, rolled until %d", round, period, mark)
                    .isEqualTo(Arrays.stream(tables.naive(total)).sum());
        }
    }

    @Test
    void readsFewRowsForLongTimes() {
        long year = minute("2024-01-01T00:00:00Z");
        long to = minute("2025-01-01T00:00:00Z");
        var everyMinute = new TreeMap<Long, Long>();
        for (long minute = year - 1_440; minute < to + 1_440; minute++) {
            everyMinute.put(minute, 1L);
        }
        assertThat(rowsRead(everyMinute, year, to, Step.DAY, "UTC")).isEqualTo(366);
        assertThat(rowsRead(everyMinute, year, to, Step.TOTAL, "UTC")).isEqualTo(12);
        assertThat(rowsRead(everyMinute, year, to, Step.MONTH, "UTC")).isEqualTo(12);
        assertThat(rowsRead(everyMinute, year - 60, to - 60, Step.TOTAL, "Europe/Berlin"))
                .isEqualTo(12 + 2);
        assertThat(rowsRead(everyMinute, year - 60, to - 60, Step.DAY, "Europe/Berlin"))
                .isLessThan(366 * 3);
        assertThat(rowsRead(everyMinute, year - 345, to - 345, Step.DAY, "Asia/Kathmandu"))
                .isLessThan(366 * 25);
        assertThat(rowsRead(everyMinute, year, to, Step.HOUR, "UTC")).isEqualTo(366 * 24);
    }

    private static long rowsRead(NavigableMap<Long, Long> minutes, long from, long to, Step step, String zone) {
        var tables = new Tables(minutes, to + 1_440);
        var steps = new Period(from, to, step, ZoneId.of(zone)).steps(10_000);
        assertThat(tables.sums(SumPlan.of(steps, step, new Marks(to + 1_440, 0))))
                .isEqualTo(tables.naive(steps));
        return tables.rowsRead;
    }
}
