package clickcounter.query;

import static clickcounter.counts.ClickTable.ANY_MINUTE;

import clickcounter.counts.BannerCounts;
import clickcounter.counts.BannerCounts.Rows;
import clickcounter.counts.BannerCounts.Snapshot;
import clickcounter.counts.BannerCounts.Sums;
import clickcounter.counts.ClickTable;
import clickcounter.counts.CountSnapshot;
import clickcounter.counts.MinuteCounts;
import clickcounter.counts.MinuteSum;
import clickcounter.counts.Period;
import clickcounter.counts.Period.Steps;
import clickcounter.counts.Step;
import clickcounter.counts.SumPlan;
import clickcounter.counts.Unit;
import clickcounter.query.KeptClicks.End;
import clickcounter.query.KeptClicks.View;
import clickcounter.query.counts.TimeText;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The read: what the database has counted, plus the clicks of the log after the position that the database
/// names in the same snapshot.
///
/// A click that was acknowledged before the question is in the answer: the tail is told to read to the end of
/// the log once more, and the database is asked when it has done so.
///
/// **Threads**: any.
///
/// **Errors**: [Refusal] when the answer would be too long, or needs minutes that were dropped.
final class Statistics {
    /// The tail may have dropped what a newer state of the database has. Asking the database again then gives
    /// that state, unless it was restored from a backup.
    private static final int MAX_ATTEMPTS = 3;

    /// After that time no click of a minute comes any more, as far as one can tell: an answer about it stays as
    /// it is.
    private static final Duration SETTLED_AFTER = Duration.ofMinutes(10);

    private static final int SECONDS_PER_MINUTE = 60;
    private static final int MILLIS_PER_MINUTE = 60_000;

    private final BannerCounts database;
    private final LogTail tail;
    private final int maxRows;
    private final Duration maxWait;

    Statistics(BannerCounts database, LogTail tail, int maxRows, Duration maxWait) {
        this.database = database;
        this.tail = tail;
        this.maxRows = maxRows;
        this.maxWait = maxWait;
    }

    /// @param completeUntil null when all clicks are counted that were acknowledged before the question. Else
    ///     all up to this time are, in the order of the log, and maybe some more; [Instant#EPOCH] when it is not
    ///     known.
    /// @param minutesSince when minutes were asked for that were dropped: the first one that is kept
    /// @param isSettled whether the same question will have the same answer later
    record Answer<T>(
            T counts,
            @Nullable Instant completeUntil,
            @Nullable Instant minutesSince,
            boolean isSettled) {}

    /// The clicks of a banner in a stretch of time.
    record BannerClicks(long bannerId, long clicks) {}

    /// @param total of all banners
    /// @param banners the busiest, in this order, and the clicks of those that were named
    record Top(long total, List<BannerClicks> banners, Map<Long, Long> named) {}

    /// @param banners how many have clicks
    record Totals(long total, long banners, MinuteCounts counts) {}

    /// What the database knew, and where the clicks after that are.
    private record Found<T>(
            Snapshot<T> snapshot,
            View kept,
            long through,
            @Nullable Instant completeUntil) {
        /// Passes on the clicks of a period that the database did not have. Returns how many.
        long forEachKept(Period period, ClickSink sink) {
            long[] count = {0};
            kept.forEach(
                    period.fromMinute(), period.toMinute(), snapshot.position(), through, (bannerId, timeMillis) -> {
                        count[0]++;
                        sink.click(bannerId, timeMillis);
                    });
            return count[0];
        }
    }

    private interface DatabaseRead<T> {
        /// @param through only clicks of `kept` up to this index will be added
        Snapshot<T> read(View kept, long through) throws SQLException;
    }

    /// The clicks of each banner by step, in the order asked.
    ///
    /// @param withZeros steps without clicks, too
    Answer<List<MinuteCounts>> series(long[] bannerIds, Period period, boolean withZeros) throws SQLException, Refusal {
        boolean isByMinute = period.step() == Step.MINUTE && !withZeros;
        Steps steps = isByMinute ? period.total().steps(1) : steps(period, withZeros ? bannerIds.length : 1);
        Found<Rows> found = read((_, _) -> database.rows(bannerIds, steps, period.step()));
        requireRows(found.snapshot.counts().size(), bannerIds);

        Map<Long, MinuteSum> keptByBanner = new HashMap<>();
        for (long bannerId : bannerIds) {
            keptByBanner.put(bannerId, new MinuteSum());
        }
        long[] keptCount = {0};
        // The usual case is one banner, which needs no look into the map for each click.
        long only = bannerIds.length == 1 ? bannerIds[0] : 0;
        found.forEachKept(period, (bannerId, timeMillis) -> {
            if (only != 0 && bannerId != only) {
                return;
            }
            MinuteSum sum = keptByBanner.get(bannerId);
            if (sum != null) {
                keptCount[0]++;
                sum.add(timeMillis / MILLIS_PER_MINUTE);
            }
        });
        List<MinuteCounts> series = new ArrayList<>();
        long rows = 0;
        for (long bannerId : bannerIds) {
            MinuteCounts kept =
                    keptByBanner.getOrDefault(bannerId, new MinuteSum()).counts();
            Map<Unit, MinuteCounts> rowsOfBanner = found.snapshot.counts().of(bannerId);
            MinuteCounts counts = isByMinute
                    ? rowsOfBanner.getOrDefault(Unit.MINUTE, MinuteCounts.NONE).plus(kept)
                    : bySteps(steps, found.snapshot.plan(), rowsOfBanner, kept, withZeros);
            rows += counts.size();
            series.add(counts);
        }
        requireRows(rows, bannerIds);
        return answer(series, period, found, keptCount[0]);
    }

    /// The clicks of all banners together by step.
    Answer<Totals> totals(Period period, boolean withZeros) throws SQLException, Refusal {
        Steps steps = steps(period, 1);
        Found<Rows> found = read((_, _) -> database.rows(new long[0], steps, period.step()));
        requireRows(found.snapshot.counts().size(), new long[0]);
        var keptSum = new MinuteSum();
        long keptCount = found.forEachKept(period, (_, timeMillis) -> keptSum.add(timeMillis / MILLIS_PER_MINUTE));
        MinuteCounts counts = bySteps(
                steps,
                found.snapshot.plan(),
                found.snapshot.counts().of(CountSnapshot.ALL_BANNERS),
                keptSum.counts(),
                withZeros);
        return answer(new Totals(counts.total(), countBanners(period), counts), period, found, keptCount);
    }

    private long countBanners(Period period) throws SQLException, Refusal {
        Found<Sums> found = readSums(period, 0, Set.of());
        var kept = new ClickTable();
        found.forEachKept(period, (bannerId, _) -> kept.add(bannerId, ANY_MINUTE, 1));
        Map<Long, Long> counted = found.snapshot.counts().found();
        return found.snapshot.counts().banners()
                + Arrays.stream(kept.bannerIds())
                        .filter(bannerId -> !counted.containsKey(bannerId))
                        .count();
    }

    /// The busiest banners, those with more clicks first, then by id; and the clicks of those that are named.
    Answer<Top> top(Period period, int limit, Collection<Long> named) throws SQLException, Refusal {
        Found<Sums> found = readSums(period, limit, named);
        var kept = new ClickTable();
        long keptCount = found.forEachKept(period, (bannerId, _) -> kept.add(bannerId, ANY_MINUTE, 1));
        Map<Long, Long> clicks = new HashMap<>(found.snapshot.counts().found());
        kept.forEach((bannerId, _, keptClicks) -> clicks.merge(bannerId, keptClicks, Long::sum));
        List<BannerClicks> busiest = clicks.entrySet().stream()
                .map(entry -> new BannerClicks(entry.getKey(), entry.getValue()))
                .sorted(Comparator.comparingLong(BannerClicks::clicks)
                        .reversed()
                        .thenComparingLong(BannerClicks::bannerId))
                .limit(limit)
                .toList();
        return answer(new Top(found.snapshot.counts().clicks() + keptCount, busiest, clicks), period, found, keptCount);
    }

    /// Besides the busiest, the database names all banners whose clicks may be added: any of them may be among
    /// the busiest in the end.
    private Found<Sums> readSums(Period period, int limit, Collection<Long> named) throws SQLException, Refusal {
        Steps total = period.total().steps(1);
        return read((kept, through) -> {
            var mayBeAdded = new ClickTable();
            named.forEach(bannerId -> mayBeAdded.add(bannerId, ANY_MINUTE, 0));
            kept.forEach(
                    period.fromMinute(),
                    period.toMinute(),
                    kept.droppedThrough(),
                    through,
                    (bannerId, _) -> mayBeAdded.add(bannerId, ANY_MINUTE, 1));
            return database.sums(limit, mayBeAdded.bannerIds(), total);
        });
    }

    private static MinuteCounts bySteps(
            Steps steps, SumPlan plan, Map<Unit, MinuteCounts> rows, MinuteCounts kept, boolean withZeros) {
        long[] sums = plan.sums(rows);
        for (int at = 0; at < kept.size(); at++) {
            sums[steps.indexOf(kept.minute(at))] += kept.clicks(at);
        }
        return MinuteCounts.of(steps.starts(), sums, withZeros);
    }

    private Steps steps(Period period, int banners) throws Refusal {
        int most = Math.max(1, maxRows / banners);
        Steps steps = period.steps(most);
        if (steps.count() > most) {
            throw Refusal.badRequest("""
                    There are more than %d steps of one %s between "from" and "to"%s, which is the most for one answer; \
                    ask for shorter times or longer steps.\
                    """.formatted(
                    most, period.step().word(), banners == 1 ? "" : " for each of %d banners".formatted(banners)));
        }
        return steps;
    }

    private void requireRows(long rows, long[] bannerIds) throws Refusal {
        if (rows > maxRows) {
            String who = bannerIds.length == 1 ? "Banner %d has".formatted(bannerIds[0]) : "The banners together have";
            throw Refusal.badRequest("""
                    %s clicks in more than %d minutes between "from" and "to", which is the most for one answer; ask for \
                    shorter times, one after the other.\
                    """.formatted(who, maxRows));
        }
    }

    private <T> Found<T> read(DatabaseRead<T> fromDatabase) throws SQLException, Refusal {
        long acknowledgedThrough = tail.nextPass().await(System.nanoTime() + maxWait.toNanos());
        for (int attempt = 1; true; attempt++) {
            View kept = tail.kept();
            End end = kept.end();
            Snapshot<T> snapshot = fromDatabase.read(kept, end.index());
            if (kept.continues(snapshot.position())) {
                boolean isComplete = Math.max(snapshot.position(), end.index()) >= acknowledgedThrough;
                return new Found<>(
                        snapshot, kept, end.index(), isComplete ? null : Instant.ofEpochMilli(end.timeMillis()));
            }
            if (attempt == MAX_ATTEMPTS || kept.isLost()) {
                return new Found<>(snapshot, View.EMPTY, snapshot.position(), Instant.EPOCH);
            }
        }
    }

    private static <T> Answer<T> answer(T counts, Period period, Found<?> found, long keptCount) throws Refusal {
        long minutesSince = found.snapshot.marks().minutesSince();
        boolean needsDropped = found.snapshot.plan().firstMinute() < minutesSince;
        Instant since = Instant.ofEpochSecond(minutesSince * SECONDS_PER_MINUTE);
        if (needsDropped && period.step() != Step.MINUTE) {
            throw Refusal.badRequest("""
                    Clicks before %s are only known by full hours in UTC (minutes are dropped after \
                    STATS_RETENTION_MINUTES); let "from", "to" and the steps of the zone begin at such hours.\
                    """.formatted(new TimeText(ZoneOffset.UTC).string(minutesSince)));
        }
        boolean isSettled = found.completeUntil == null
                && keptCount == 0
                && Instant.ofEpochSecond(period.toMinute() * SECONDS_PER_MINUTE)
                        .isBefore(Instant.now().minus(SETTLED_AFTER));
        return new Answer<>(counts, found.completeUntil, needsDropped ? since : null, isSettled);
    }
}
