package clickcounter.counts;

import static clickcounter.counts.PeriodTest.period;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.EpochMinute;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonTest {
    @ParameterizedTest(name = "{2} of {3} from {0} to {1}: from {4} to {5}")
    @CsvSource({
        // March with February, two months with two, a month until now with as much of the month before
        "2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z, MONTH, UTC, 2024-02-01T00:00:00Z, 2024-03-01T00:00:00Z",
        "2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z, TOTAL, UTC, 2024-02-01T00:00:00Z, 2024-03-01T00:00:00Z",
        "2024-02-29T23:00:00Z, 2024-03-31T22:00:00Z, MONTH, Europe/Berlin, 2024-01-31T23:00:00Z, 2024-02-29T23:00:00Z",
        "2024-02-29T23:00:00Z, 2024-03-31T22:00:00Z, DAY, Europe/Berlin, 2024-01-31T23:00:00Z, 2024-02-29T23:00:00Z",
        "2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z, HOUR, UTC, 2024-02-01T00:00:00Z, 2024-03-01T00:00:00Z",
        "2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z, MINUTE, UTC, 2024-02-01T00:00:00Z, 2024-03-01T00:00:00Z",
        "2024-01-01T00:00:00Z, 2025-01-01T00:00:00Z, DAY, UTC, 2023-01-01T00:00:00Z, 2024-01-01T00:00:00Z",
        // by week with the same weekdays, whatever the period is
        "2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z, WEEK, UTC, 2024-01-26T00:00:00Z, 2024-02-26T00:00:00Z",
        "2024-03-01T00:00:00Z, 2024-05-01T00:00:00Z, MONTH, UTC, 2024-01-01T00:00:00Z, 2024-03-01T00:00:00Z",
        "2024-03-01T00:00:00Z, 2024-03-15T10:20:00Z, MONTH, UTC, 2024-02-01T00:00:00Z, 2024-02-15T10:20:00Z",
        "2024-03-31T00:00:00Z, 2024-03-31T10:00:00Z, MONTH, UTC, 2024-02-29T00:00:00Z, 2024-02-29T10:00:00Z",
        // the same weekdays, although the clock was put forward on 31 March
        "2024-03-24T23:00:00Z, 2024-03-31T22:00:00Z, DAY, Europe/Berlin, 2024-03-17T23:00:00Z, 2024-03-24T23:00:00Z",
        "2024-03-31T22:00:00Z, 2024-04-07T22:00:00Z, DAY, Europe/Berlin, 2024-03-24T23:00:00Z, 2024-03-31T22:00:00Z",
        "2024-03-24T23:00:00Z, 2024-03-31T22:00:00Z, HOUR, Europe/Berlin, 2024-03-17T23:00:00Z, 2024-03-24T23:00:00Z",
        "2024-03-31T22:00:00Z, 2024-04-07T22:00:00Z, WEEK, Europe/Berlin, 2024-03-24T23:00:00Z, 2024-03-31T22:00:00Z",
        "2024-03-31T22:00:00Z, 2024-04-03T10:00:00Z, WEEK, Europe/Berlin, 2024-03-24T23:00:00Z, 2024-03-27T11:00:00Z",
        "2024-03-31T00:00:00Z, 2024-04-02T00:00:00Z, DAY, UTC, 2024-03-29T00:00:00Z, 2024-03-31T00:00:00Z",
        "2024-04-02T00:00:00Z, 2024-04-02T10:00:00Z, DAY, UTC, 2024-04-01T00:00:00Z, 2024-04-01T10:00:00Z",
        // less than a day
        "2024-03-31T10:00:00Z, 2024-03-31T12:30:00Z, HOUR, UTC, 2024-03-31T07:30:00Z, 2024-03-31T10:00:00Z",
        "2024-10-27T00:00:00Z, 2024-10-27T01:00:00Z, HOUR, Europe/Berlin, 2024-10-26T23:00:00Z, 2024-10-27T00:00:00Z",
        "2024-03-31T10:00:00Z, 2024-03-31T10:00:00Z, DAY, UTC, 2024-03-31T10:00:00Z, 2024-03-31T10:00:00Z",
        // nothing before 1970
        "1970-01-02T00:00:00Z, 1970-02-01T00:00:00Z, DAY, UTC, 1970-01-01T00:00:00Z, 1970-01-02T00:00:00Z",
    })
    void isComparedWithTheSameMonthsWeeksOrDaysBefore(
            String from, String to, Step step, String zone, String previousFrom, String previousTo) {
        assertThat(Comparison.of(period(from, to, step, zone)).previous())
                .isEqualTo(period(previousFrom, previousTo, step, zone));
    }

    @ParameterizedTest(name = "{2} of {3} from {0} to {1}: {4} and {5}")
    @CsvSource({
        // the day of the month, also after a month that is longer than the one before
        "2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z, DAY, UTC, 2024-03-29T00:00:00Z, 2024-02-29T00:00:00Z, 0",
        "2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z, DAY, UTC, 2024-03-30T00:00:00Z, 2024-02-29T00:00:00Z, 1",
        "2024-04-01T00:00:00Z, 2024-05-01T00:00:00Z, HOUR, UTC, 2024-04-30T23:00:00Z, 2024-03-30T23:00:00Z, 0",
        "2024-04-01T00:00:00Z, 2024-05-01T00:00:00Z, HOUR, UTC, 2024-04-30T23:00:00Z, 2024-03-31T00:00:00Z, -1",
        "2024-04-01T00:00:00Z, 2024-06-01T00:00:00Z, DAY, UTC, 2024-05-01T00:00:00Z, 2024-03-01T00:00:00Z, 0",
        "2024-04-01T00:00:00Z, 2024-06-01T00:00:00Z, DAY, UTC, 2024-05-01T00:00:00Z, 2024-02-29T00:00:00Z, 1",
        // the hour that the clock shows, before and after it is put forward on 31 March
        "2024-03-30T23:00:00Z, 2024-03-31T22:00:00Z, HOUR, Europe/Berlin, 2024-03-31T00:00:00Z, 2024-03-30T00:00:00Z, 0",
        "2024-03-30T23:00:00Z, 2024-03-31T22:00:00Z, HOUR, Europe/Berlin, 2024-03-31T01:00:00Z, 2024-03-30T01:00:00Z, 1",
        "2024-03-30T23:00:00Z, 2024-03-31T22:00:00Z, HOUR, Europe/Berlin, 2024-03-31T01:00:00Z, 2024-03-30T02:00:00Z, 0",
        "2024-03-30T11:00:00Z, 2024-03-31T11:00:00Z, HOUR, Europe/Berlin, 2024-03-31T01:00:00Z, 2024-03-30T02:00:00Z, 0",
        "2024-03-30T23:00:00Z, 2024-03-31T22:00:00Z, MINUTE, Europe/Berlin, 2024-03-31T10:30:00Z, 2024-03-30T11:30:00Z, 0",
        // the hour that the clock shows twice
        "2024-10-26T22:00:00Z, 2024-10-27T23:00:00Z, HOUR, Europe/Berlin, 2024-10-27T00:00:00Z, 2024-10-26T00:00:00Z, 0",
        "2024-10-26T22:00:00Z, 2024-10-27T23:00:00Z, HOUR, Europe/Berlin, 2024-10-27T01:00:00Z, 2024-10-26T01:00:00Z, -1",
        "2024-10-26T22:00:00Z, 2024-10-27T23:00:00Z, HOUR, Europe/Berlin, 2024-10-27T02:00:00Z, 2024-10-26T01:00:00Z, 0",
        // a day that begins at one o'clock
        "2018-11-05T02:00:00Z, 2018-11-06T02:00:00Z, DAY, America/Sao_Paulo, 2018-11-05T02:00:00Z, 2018-11-04T03:00:00Z, 0",
        "2018-11-05T02:00:00Z, 2018-11-06T02:00:00Z, HOUR, America/Sao_Paulo, 2018-11-05T02:00:00Z, 2018-11-04T03:00:00Z, -1",
        // weeks, and steps of less than a day, in their order
        "2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z, WEEK, UTC, 2024-02-26T00:00:00Z, 2024-01-22T00:00:00Z, 0",
        "2024-03-31T10:00:00Z, 2024-03-31T12:30:00Z, HOUR, UTC, 2024-03-31T10:00:00Z, 2024-03-31T07:00:00Z, 0",
        "2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z, TOTAL, UTC, 2024-03-01T00:00:00Z, 2024-02-01T00:00:00Z, 0",
    })
    void findsTheStepThatBeginsAtTheSameTimeOfTheCalendar(
            String from, String to, Step step, String zone, String start, String previousStart, int order) {
        int found = Comparison.of(period(from, to, step, zone)).compare(minute(start), minute(previousStart));

        assertThat(Integer.signum(found)).isEqualTo(order);
    }

    private static long minute(String time) {
        return EpochMinute.of(Instant.parse(time));
    }
}
