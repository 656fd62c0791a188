package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.query.http.Refusal;
import clickcounter.query.statistics.StatisticsQuestion.Kind;
import clickcounter.shared.EpochMinute;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CostTest {
    private static final int MAX_ROWS = 1_000_000;

    private static StatisticsQuestion question(
            Kind kind, int banners, String from, String to, Step step, boolean withZeros) {
        List<Long> bannerIds = LongStream.rangeClosed(1, banners).boxed().toList();
        var period = new Period(
                Instant.parse(from + "T00:00:00Z").getEpochSecond() / 60,
                Instant.parse(to + "T00:00:00Z").getEpochSecond() / 60,
                step,
                ZoneId.of("Asia/Kathmandu"));
        return new StatisticsQuestion(kind, bannerIds, period, 10, withZeros, false, false);
    }

    @ParameterizedTest(name = "{0} of {1} banners from {2} to {3} by {4}, with zeros: {5}")
    @CsvSource({
        "BANNERS, 100, 1970-01-01, 2080-01-01, HOUR, false, 96424800",
        "BANNERS, 100, 1970-01-01, 2080-01-01, DAY, false, 4017600",
        "BANNER, 1, 2020-01-01, 2030-01-01, MINUTE, true, 5260320",
        "TOTALS, 0, 2020-01-01, 2030-01-01, MINUTE, false, 5260320",
    })
    void refusesTooManyStepsAndNamesTheLimitAndTheValue(
            Kind kind, int banners, String from, String to, Step step, boolean withZeros, long rows) {
        assertThatThrownBy(() -> Cost.of(question(kind, banners, from, to, step, withZeros), MAX_ROWS, 0))
                .isInstanceOf(Refusal.class)
                .hasMessage("""
                        The answer would have at least %d rows, one for each step of each banner; at most 1000000 are \
                        allowed. Ask for a shorter time, longer steps or fewer banners.""".formatted(rows));
    }

    @ParameterizedTest(name = "{0} of {1} banners from {2} to {3} by {4}, with zeros: {5}; cheap: {6}")
    @CsvSource({
        "BANNER, 1, 2026-01-01, 2026-01-02, MINUTE, false, true",
        "BANNER, 1, 2020-01-01, 2099-01-01, MINUTE, false, true",
        "BANNER, 1, 2026-01-01, 2027-01-01, HOUR, false, true",
        "BANNERS, 100, 2026-01-01, 2026-01-02, HOUR, false, true",
        "BANNERS, 100, 2026-01-01, 2027-01-01, HOUR, false, false",
        "BANNER, 1, 2026-01-01, 2027-01-01, MINUTE, true, false",
        "TOP, 0, 2026-01-01, 2026-01-02, TOTAL, false, true",
        "TOP, 0, 2026-01-01, 2027-01-01, TOTAL, false, false",
        "TOTALS, 0, 2026-01-01, 2026-01-02, MINUTE, true, true",
        "TOTALS, 0, 1970-01-01, 2027-01-01, TOTAL, false, false",
    })
    void tellsCheapQuestionsFromExpensiveOnes(
            Kind kind, int banners, String from, String to, Step step, boolean withZeros, boolean isCheap)
            throws Refusal {
        assertThat(Cost.of(question(kind, banners, from, to, step, withZeros), MAX_ROWS, 0)
                        .isCheap())
                .isEqualTo(isCheap);
    }

    @Test
    void growsWithWhatMustBeRead() throws Refusal {
        Cost first = Cost.of(question(Kind.BANNER, 1, "2020-01-01", "2099-01-01", Step.MINUTE, false), MAX_ROWS, 0);

        Cost all = first.withMaxRead(MAX_ROWS);

        assertThat(first.bytes()).isEqualTo(20_000L * Cost.BYTES_PER_ROW);
        assertThat(all.bytes()).isEqualTo((long) MAX_ROWS * Cost.BYTES_PER_ROW);
        assertThat(all.maxRead()).isEqualTo(MAX_ROWS);
        assertThat(all.isCheap()).isFalse();
    }

    @Test
    void knowsThatThePreviousPeriodMayBeLonger() {
        var february = new Period(
                EpochMinute.of(Instant.parse("2026-02-01T00:00:00Z")),
                EpochMinute.of(Instant.parse("2026-03-01T00:00:00Z")),
                Step.MINUTE,
                ZoneOffset.UTC);
        var question = new StatisticsQuestion(Kind.BANNER, List.of(1L), february, 10, true, true, false);

        assertThatThrownBy(() -> Cost.of(question, 28 * 1_440, 0))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("at least %d rows".formatted(31 * 1_440));
    }

    @Test
    void countsTheKeptClicksOfAllBanners() throws Refusal {
        StatisticsQuestion question = question(Kind.TOP, 0, "2026-01-01", "2026-01-02", Step.TOTAL, false);

        assertThat(Cost.of(question, MAX_ROWS, 100_000).isCheap()).isFalse();
    }
}
