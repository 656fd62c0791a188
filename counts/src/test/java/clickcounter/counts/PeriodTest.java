package clickcounter.counts;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.Period.Steps;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeriodTest {
    private static final List<Step> STEPS = List.of(Step.values());

    static Period period(String from, String to, Step step, String zone) {
        return new Period(
                Instant.parse(from).getEpochSecond() / 60,
                Instant.parse(to).getEpochSecond() / 60,
                step,
                ZoneId.of(zone));
    }

    /// The start of each step in its zone, and the minutes it counts.
    private static String print(Period period) {
        Steps steps = period.steps(1_000);
        return IntStream.range(0, steps.count())
                .mapToObj(at -> Instant.ofEpochSecond(steps.starts()[at] * 60)
                                .atZone(period.zone())
                                .toOffsetDateTime()
                        + "=" + (steps.bounds()[at + 1] - steps.bounds()[at]))
                .collect(Collectors.joining(" "));
    }

    @ParameterizedTest(name = "{2} of {3} from {0} to {1}")
    @CsvSource({
        // cut at both ends
        "2024-01-01T10:20:00Z, 2024-01-01T12:10:00Z, HOUR, UTC, 2024-01-01T10:00Z=40 2024-01-01T11:00Z=60 2024-01-01T12:00Z=10",
        "2024-01-02T10:00:00Z, 2024-01-09T00:00:00Z, WEEK, UTC, 2024-01-01T00:00Z=8040 2024-01-08T00:00Z=1440",
        "2024-01-31T00:00:00Z, 2024-03-01T00:00:00Z, MONTH, UTC, 2024-01-01T00:00Z=1440 2024-02-01T00:00Z=41760",
        "2024-01-01T10:20:00Z, 2024-03-01T12:10:00Z, TOTAL, Europe/Berlin, 2024-01-01T11:20+01:00=86510",
        "2024-01-01T10:20:00Z, 2024-01-01T10:20:00Z, TOTAL, UTC,",
        "2024-01-01T10:20:00Z, 2024-01-01T10:20:00Z, DAY, UTC,",
        // the day of 23 hours, that of 25, and its hours
        "2024-03-30T23:00:00Z, 2024-04-01T22:00:00Z, DAY, Europe/Berlin, 2024-03-31T00:00+01:00=1380 2024-04-01T00:00+02:00=1440",
        "2024-10-26T22:00:00Z, 2024-10-28T23:00:00Z, DAY, Europe/Berlin, 2024-10-27T00:00+02:00=1500 2024-10-28T00:00+01:00=1440",
        "2024-10-27T00:00:00Z, 2024-10-27T03:00:00Z, HOUR, Europe/Berlin, 2024-10-27T02:00+02:00=60 2024-10-27T02:00+01:00=60 2024-10-27T03:00+01:00=60",
        // a day that begins at one o'clock, a midnight that is put back to eleven
        "2018-11-03T03:00:00Z, 2018-11-06T02:00:00Z, DAY, America/Sao_Paulo, 2018-11-03T00:00-03:00=1440 2018-11-04T01:00-02:00=1380 2018-11-05T00:00-02:00=1440",
        "2018-02-17T02:00:00Z, 2018-02-19T03:00:00Z, DAY, America/Sao_Paulo, 2018-02-17T00:00-02:00=1500 2018-02-18T00:00-03:00=1440",
        "2018-02-18T02:30:00Z, 2018-02-18T04:00:00Z, DAY, America/Sao_Paulo, 2018-02-17T00:00-02:00=30 2018-02-18T00:00-03:00=60",
        // offsets that are not whole hours, clocks that change by half an hour
        "2024-01-01T00:00:00Z, 2024-01-01T01:00:00Z, HOUR, Asia/Kathmandu, 2024-01-01T05:00+05:45=15 2024-01-01T06:00+05:45=45",
        "2024-04-06T14:00:00Z, 2024-04-06T17:00:00Z, HOUR, Australia/Lord_Howe, 2024-04-07T01:00+11:00=60 2024-04-07T01:30+10:30=30 2024-04-07T02:00+10:30=60 2024-04-07T03:00+10:30=30",
        "2024-10-05T15:00:00Z, 2024-10-05T16:30:00Z, HOUR, Australia/Lord_Howe, 2024-10-06T01:00+10:30=30 2024-10-06T02:30+11:00=30 2024-10-06T03:00+11:00=30",
        // a date that does not exist
        "2011-12-29T10:00:00Z, 2012-01-01T10:00:00Z, DAY, Pacific/Apia, 2011-12-29T00:00-10:00=1440 2011-12-31T00:00+14:00=1440 2012-01-01T00:00+14:00=1440",
    })
    void hasTheStepsOfItsZone(String from, String to, Step step, String zone, String steps) {
        assertThat(print(period(from, to, step, zone))).isEqualTo(steps == null ? "" : steps);
    }

    @Test
    void makesOneStepMoreThanAreAllowedAndStops() {
        Period period = period("1970-01-01T00:00:00Z", "9999-01-01T00:00:00Z", Step.HOUR, "UTC");

        assertThat(period.steps(100).count()).isEqualTo(101);
    }

    @Test
    void hasStepsWithoutGapsInWhichEveryMinuteIsFoundInEveryZone() {
        long seed = System.nanoTime();
        System.out.println("hasStepsWithoutGapsInWhichEveryMinuteIsFoundInEveryZone: seed " + seed);
        var random = new Random(seed);
        for (String zone : ZoneId.getAvailableZoneIds()) {
            Step step = STEPS.get(random.nextInt(5));
            long from = random.nextLong(0, 30_000_000);
            var period = new Period(from, from + random.nextInt(100_000), step, ZoneId.of(zone));
            Steps steps = period.steps(1_000_000);
            for (int at = 0; at < steps.count(); at++) {
                assertThat(steps.bounds()[at + 1]).as("%s %s", zone, period).isGreaterThan(steps.bounds()[at]);
                assertThat(steps.starts()[at]).as("%s %s", zone, period).isLessThanOrEqualTo(steps.bounds()[at]);
                assertThat(steps.indexOf(steps.bounds()[at])).isEqualTo(at);
                assertThat(steps.indexOf(steps.bounds()[at + 1] - 1)).isEqualTo(at);
            }
            assertThat(period.minSteps()).as("%s %s", zone, period).isBetween(steps.count() * 9L / 10 - 2, (long)
                    steps.count());
            assertThat(Comparison.of(period).previous().toMinute())
                    .as("%s %s", zone, period)
                    .isLessThanOrEqualTo(from);
            assertThat(steps.bounds()[0]).isEqualTo(period.fromMinute());
            assertThat(steps.bounds()[steps.count()]).isEqualTo(period.toMinute());
        }
    }
}
