package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.Counts;
import clickcounter.counts.MinuteCounts;
import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.query.statistics.Statistics.Totals;
import clickcounter.shared.EpochMinute;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tests the totals of all banners, which are read from their own sums and, where nothing is summed up yet, from
/// the minutes of each banner.
class TotalsTest {
    private static final long[] BANNERS = {7, 8, Long.MAX_VALUE};

    @Test
    void areTheSumOfAllBannersHoweverMuchIsSummedUp(@TempDir Path folder) throws Exception {
        try (var parts = QueryParts.open(folder, 1_000)) {
            parts.aggregator.add(clicks());
            var statistics =
                    new Statistics(parts.counts, parts.tail, 1_000_000, Duration.ofSeconds(20), InstantSource.system());
            for (String rolledUntil : List.of(
                    "2024-02-01T00:00:00Z",
                    "2024-02-29T10:07:00Z",
                    "2024-02-29T18:20:00Z",
                    "2024-03-01T00:00:00Z",
                    "2024-04-01T00:00:00Z")) {
                // The first question after this finds that the mark has moved.
                parts.aggregator.rollUp(Instant.parse(rolledUntil));
                for (Step step : Step.values()) {
                    for (String zone : List.of("UTC", "Asia/Kathmandu", "Pacific/Auckland")) {
                        assertTotalsFit(statistics, period(step, zone), rolledUntil);
                    }
                }
            }
        }
    }

    private static Counts clicks() {
        var clicks = new Counts.Builder(1_000);
        long to = minute("2024-03-03T00:00:00Z");
        for (long minute = minute("2024-02-28T00:00:00Z"); minute < to; minute++) {
            for (long bannerId : BANNERS) {
                if ((minute + bannerId % 13) % 11 == 0) {
                    clicks.add(bannerId, minute, 1 + minute % 7);
                }
            }
        }
        return clicks.build();
    }

    private static void assertTotalsFit(Statistics statistics, Period period, String rolledUntil) throws Exception {
        Totals totals = statistics.totals(period, false, QueryParts.pass()).counts();
        MinuteCounts expected = MinuteCounts.NONE;
        for (MinuteCounts ofBanner :
                statistics.series(BANNERS, period, false, QueryParts.pass()).counts()) {
            expected = expected.plus(ofBanner);
        }
        assertThat(text(totals.counts()))
                .as("%s, summed up until %s", period, rolledUntil)
                .isNotEmpty()
                .isEqualTo(text(expected));
        assertThat(totals.total()).isEqualTo(expected.total());
        assertThat(totals.banners()).isEqualTo(BANNERS.length);
        assertThat(statistics.top(period, 10, List.of()).counts().total()).isEqualTo(expected.total());
    }

    /// Returns a period that begins and ends in the middle of an hour.
    private static Period period(Step step, String zone) {
        return new Period(minute("2024-02-28T10:20:00Z"), minute("2024-03-02T18:50:00Z"), step, ZoneId.of(zone));
    }

    private static long minute(String time) {
        return EpochMinute.of(Instant.parse(time));
    }

    private static List<String> text(MinuteCounts counts) {
        return IntStream.range(0, counts.size())
                .mapToObj(at -> counts.minute(at) + "=" + counts.clicks(at))
                .toList();
    }
}
