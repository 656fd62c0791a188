package clickcounter.query.statistics;

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
import clickcounter.query.http.Refusal;
import clickcounter.query.tail.ClickSink;
import clickcounter.query.tail.KeptClicks.End;
import clickcounter.query.tail.KeptClicks.View;
import clickcounter.query.tail.LogTail;
import clickcounter.shared.EpochMinute;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Answers questions from the counts in the database plus the clicks of the log that follow the position of the
/// same snapshot of the database.
///
/// The answer includes every click that was acknowledged before the question: first the tail reads to the end of
/// the log once more, and then the database is asked.
///
/// **Threads**: any.
///
/// **Errors**: [Refusal] if the answer would be too long or would need minutes that were dropped; [MoreToRead] if the
/// pass allows too little; [SQLException] if the database does not answer.
public final class Statistics {
    /// How many counts of one unit (minutes, hours, days, or months) may be read to add up longer steps, so that
    /// memory stays bounded even if nothing has been summed up for a long time.
    private static final int MAX_COUNTS_READ = 1_000_000;

    /// How many ranges of time the database may look up for one answer, each for one banner. The hours of most
    /// zones need only one for all of them, but those of Kathmandu, which do not begin with hours of UTC, need one
    /// each. This many take one or two seconds.
    static final int MAX_LOOKUPS = 250_000;

    /// How many banners may have kept clicks when all banners are compared.
    private static final int MAX_KEPT_BANNERS =
            (int) Math.min(Integer.MAX_VALUE, Gate.MAX_BYTES / Cost.BYTES_PER_KEPT_BANNER);

    /// How often the database is asked if the tail has already dropped what the database has just counted. The
    /// next snapshot then has these clicks, unless the database was restored from a backup.
    private static final int MAX_ATTEMPTS = 3;

    /// How long after its end a minute is expected to get no more clicks, so that an answer about it does not
    /// change.
    private static final Duration SETTLED_AFTER = Duration.ofMinutes(10);

    private final BannerCounts database;
    private final LogTail tail;
    private final int maxRows;
    private final int maxRead;
    private final Duration maxWait;
    private final InstantSource clock;

    /// Answers from `database` and `tail`.
    ///
    /// @param maxRows how many rows an answer may have, one for each step of each banner; if there is too little
    ///     memory for so many, it may have fewer
    /// @param maxWait how long to wait for the end of the log
    /// @param clock by which clicks are stamped
    public Statistics(BannerCounts database, LogTail tail, int maxRows, Duration maxWait, InstantSource clock) {
        this.database = database;
        this.tail = tail;
        int fitIntoMemory = (int) Math.min(Integer.MAX_VALUE, Gate.MAX_BYTES / Cost.BYTES_PER_ROW);
        this.maxRows = Math.min(maxRows, fitIntoMemory);
        this.maxRead = Math.min(Math.max(maxRows, MAX_COUNTS_READ), fitIntoMemory);
        this.maxWait = maxWait;
        this.clock = clock;
    }

    /// An answer, and what is known about its completeness.
    ///
    /// @param completeUntil null if all clicks are counted that were acknowledged before the question. If not, all
    ///     clicks up to this time are counted, in the order of the log, and maybe some later ones; [Instant#EPOCH]
    ///     if the time is not known.
    /// @param minutesSince the first minute that is kept, if the question is about minutes that were dropped
    /// @param isSettled whether the same question will have the same answer later
    public record Answer<T>(
            T counts,
            @Nullable Instant completeUntil,
            @Nullable Instant minutesSince,
            boolean isSettled) {
        /// Returns an answer that is made of this one and of `other`, if that is not null.
        <R> Answer<R> with(R made, @Nullable Answer<?> other) {
            return other == null
                    ? new Answer<>(made, completeUntil, minutesSince, isSettled)
                    : new Answer<>(
                            made,
                            earlier(completeUntil, other.completeUntil),
                            earlier(minutesSince, other.minutesSince),
                            isSettled && other.isSettled);
        }

        private static @Nullable Instant earlier(@Nullable Instant one, @Nullable Instant other) {
            if (one == null || other == null) {
                return one == null ? other : one;
            }
            return one.isBefore(other) ? one : other;
        }
    }

    /// The clicks of a banner in a period.
    record BannerClicks(long bannerId, long clicks) {}

    /// The banners with the most clicks in a period.
    ///
    /// @param total clicks of all banners
    /// @param banners the busiest banners, the busiest first
    /// @param clicks clicks by banner of at least the busiest banners and those that the question named
    public record Top(long total, List<BannerClicks> banners, ClickTable clicks) {
        /// Returns the clicks of one of these banners; 0 if it has none.
        public long clicks(long bannerId) {
            return clicks.get(bannerId, ANY_MINUTE);
        }
    }

    /// The clicks of all banners together.
    ///
    /// @param total clicks of all banners
    /// @param banners how many banners have clicks
    record Totals(long total, long banners, MinuteCounts counts) {}

    /// A snapshot of the database and the clicks that follow it.
    ///
    /// @param lastIndex index of the last click in `kept` that belongs to the answer
    private record Found<T>(
            Snapshot<T> snapshot,
            View kept,
            long lastIndex,
            @Nullable Instant completeUntil) {
        /// Passes on the clicks of a period that the database did not have, and returns how many there were.
        long forEachKept(Period period, ClickSink sink) {
            long[] count = {0};
            kept.forEach(period.fromMinute(), period.toMinute(), snapshot.position(), lastIndex, (bannerId, timeMs) -> {
                count[0]++;
                sink.click(bannerId, timeMs);
            });
            return count[0];
        }
    }

    /// How many rows an answer may have.
    public int maxRows() {
        return maxRows;
    }

    /// Returns what a question costs, before anything is done for it.
    ///
    /// **Errors**: [Refusal] if the answer would have too many rows; [SQLException] if the database is known to be
    /// away.
    Cost cost(StatisticsQuestion question) throws Refusal, SQLException {
        database.requireAnswers();
        return Cost.of(question, maxRows, keptBanners());
    }

    /// Returns what it costs to read the clicks of a minute, for live events.
    Cost costOfMinute(int named) {
        return new Cost((keptBanners() + named) * Cost.BYTES_PER_KEPT_BANNER, 0, true);
    }

    /// How many banners may have kept clicks.
    private long keptBanners() {
        return Math.min(tail.keptClicks(), MAX_KEPT_BANNERS);
    }

    /// Returns the clicks of each banner by step, in the given order.
    ///
    /// @param withZeros whether to include steps without clicks
    Answer<List<MinuteCounts>> series(long[] bannerIds, Period period, boolean withZeros, Gate.Pass pass)
            throws SQLException, Refusal {
        // The minutes with clicks are the answer as they are: no step needs to be added up.
        boolean isByMinute = period.step() == Step.MINUTE && !withZeros;
        Steps steps = isByMinute ? period.total().steps(1) : steps(period, bannerIds.length);
        Found<Rows> found = readRows(bannerIds, period, steps, isByMinute, pass);

        Map<Long, MinuteSum> keptSums = new LinkedHashMap<>();
        for (long bannerId : bannerIds) {
            keptSums.put(bannerId, new MinuteSum());
        }
        long[] keptCount = {0};
        // Usually there is only one banner, and then most clicks need no lookup.
        long only = bannerIds.length == 1 ? bannerIds[0] : 0;
        found.forEachKept(period, (bannerId, timeMs) -> {
            MinuteSum sum = only == 0 || bannerId == only ? keptSums.get(bannerId) : null;
            if (sum != null) {
                keptCount[0]++;
                sum.add(EpochMinute.ofMillis(timeMs));
            }
        });
        List<MinuteCounts> series = new ArrayList<>();
        keptSums.forEach((bannerId, keptSum) -> {
            Map<Unit, MinuteCounts> rows = found.snapshot.counts().of(bannerId);
            series.add(
                    isByMinute
                            ? rows.getOrDefault(Unit.MINUTE, MinuteCounts.NONE).plus(keptSum.counts())
                            : bySteps(steps, found.snapshot.plan(), rows, keptSum.counts(), withZeros));
        });
        long rows = series.stream().mapToLong(MinuteCounts::size).sum();
        if (rows > maxRows) {
            throw Cost.tooManyRows(rows, maxRows);
        }
        return answer(series, period, found, keptCount[0]);
    }

    /// Returns the clicks of all banners together by step.
    Answer<Totals> totals(Period period, boolean withZeros, Gate.Pass pass) throws SQLException, Refusal {
        Steps steps = steps(period, 1);
        Found<Rows> found = readRows(new long[0], period, steps, false, pass);
        var keptSum = new MinuteSum();
        long keptCount = found.forEachKept(period, (_, timeMs) -> keptSum.add(EpochMinute.ofMillis(timeMs)));
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
        ClickTable counted = found.snapshot.counts().found();
        return found.snapshot.counts().banners()
                + Arrays.stream(kept.bannerIds())
                        .filter(bannerId -> counted.get(bannerId, ANY_MINUTE) == 0)
                        .count();
    }

    /// Returns the busiest banners, those with more clicks first and then by id, and the clicks of the named
    /// banners.
    public Answer<Top> top(Period period, int limit, Collection<Long> named) throws SQLException, Refusal {
        Found<Sums> found = readSums(period, limit, named);
        ClickTable clicks = found.snapshot.counts().found();
        long keptCount = found.forEachKept(period, (bannerId, _) -> clicks.add(bannerId, ANY_MINUTE, 1));
        return answer(
                new Top(found.snapshot.counts().clicks() + keptCount, busiest(clicks, limit), clicks),
                period,
                found,
                keptCount);
    }

    private static List<BannerClicks> busiest(ClickTable clicks, int limit) {
        Comparator<BannerClicks> busiestFirst =
                Comparator.comparingLong(BannerClicks::clicks).reversed().thenComparingLong(BannerClicks::bannerId);
        var busiest = new PriorityQueue<>(busiestFirst.reversed());
        clicks.forEach((bannerId, _, ofBanner) -> {
            busiest.add(new BannerClicks(bannerId, ofBanner));
            if (busiest.size() > limit) {
                busiest.remove();
            }
        });
        return busiest.stream().sorted(busiestFirst).toList();
    }

    /// Besides the busiest banners, the database is asked for all banners whose clicks may be added, because any
    /// of them may be among the busiest in the end.
    private Found<Sums> readSums(Period period, int limit, Collection<Long> named) throws SQLException, Refusal {
        Steps total = period.total().steps(1);
        long acknowledgedIndex = tail.awaitEnd(maxWait);
        for (int attempt = 1; true; attempt++) {
            View kept = tail.kept();
            End end = kept.end();
            var mayBeAdded = new ClickTable();
            named.forEach(bannerId -> mayBeAdded.add(bannerId, ANY_MINUTE, 0));
            kept.forEach(period.fromMinute(), period.toMinute(), kept.droppedPosition(), end.index(), (bannerId, _) -> {
                if (mayBeAdded.size() <= MAX_KEPT_BANNERS) {
                    mayBeAdded.add(bannerId, ANY_MINUTE, 1);
                }
            });
            if (mayBeAdded.size() > MAX_KEPT_BANNERS) {
                throw Gate.busy("The database does not have the clicks of more than %d banners yet"
                        .formatted(MAX_KEPT_BANNERS));
            }
            Snapshot<Sums> snapshot = database.sums(limit, mayBeAdded.bannerIds(), total);
            if (isFinal(kept, snapshot, attempt)) {
                return found(snapshot, kept, end, acknowledgedIndex);
            }
        }
    }

    private Found<Rows> readRows(long[] bannerIds, Period period, Steps steps, boolean isByMinute, Gate.Pass pass)
            throws SQLException, Refusal {
        long lookups = database.maxLookups(bannerIds, steps, period.step());
        if (lookups > MAX_LOOKUPS) {
            throw Refusal.badRequest("""
                    The steps do not begin with hours, days or months of UTC, so that %d ranges of time would have to \
                    be looked up; at most %d are allowed. Ask for a shorter time, longer steps, fewer banners or UTC.\
                    """.formatted(lookups, MAX_LOOKUPS));
        }
        int most = isByMinute ? maxRows : maxRead;
        long acknowledgedIndex = tail.awaitEnd(maxWait);
        int attempt = 1;
        while (true) {
            View kept = tail.kept();
            End end = kept.end();
            int limit = Math.min(most, pass.maxRead());
            Snapshot<Rows> snapshot = database.rows(bannerIds, steps, period.step(), limit);
            if (snapshot.counts().size() <= limit) {
                if (isFinal(kept, snapshot, attempt++)) {
                    return found(snapshot, kept, end, acknowledgedIndex);
                }
            } else if (limit < most) {
                throw new MoreToRead(most);
            } else if (isByMinute) {
                throw Cost.tooManyRows(limit + 1L, maxRows);
            } else {
                throw Refusal.badRequest(
                        "At least %d counts would have to be added up; at most %d are allowed. Ask for a shorter time."
                                .formatted(limit + 1L, most));
            }
        }
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
        int maxSteps = maxRows / Math.max(1, banners);
        Steps steps = period.steps(maxSteps);
        if (steps.count() > maxSteps) {
            throw Cost.tooManyRows((long) steps.count() * Math.max(1, banners), maxRows);
        }
        return steps;
    }

    /// Returns whether the clicks of `kept` follow `snapshot`, or whether another attempt would not find any that
    /// do.
    private static boolean isFinal(View kept, Snapshot<?> snapshot, int attempt) {
        return kept.continues(snapshot.position()) || attempt == MAX_ATTEMPTS || kept.isLost();
    }

    /// @param end the end of `kept` before the snapshot was taken
    private static <T> Found<T> found(Snapshot<T> snapshot, View kept, End end, long acknowledgedIndex) {
        if (!kept.continues(snapshot.position())) {
            return new Found<>(snapshot, View.EMPTY, snapshot.position(), Instant.EPOCH);
        }
        boolean isComplete = Math.max(snapshot.position(), end.index()) >= acknowledgedIndex;
        return new Found<>(snapshot, kept, end.index(), isComplete ? null : Instant.ofEpochMilli(end.timeMs()));
    }

    private <T> Answer<T> answer(T counts, Period period, Found<?> found, long keptCount) throws Refusal {
        long minutesSince = found.snapshot.marks().minutesSince();
        boolean needsDropped = found.snapshot.plan().firstMinute() < minutesSince;
        if (needsDropped && period.step() != Step.MINUTE) {
            throw Refusal.badRequest("""
                    Clicks before %s are known only by full hours in UTC, because minutes are dropped after \
                    STATS_RETENTION_MINUTES; "from", "to" and the steps in the zone must begin at such hours.\
                    """.formatted(new TimeText(ZoneOffset.UTC).string(minutesSince)));
        }
        boolean isSettled = found.completeUntil == null
                && keptCount == 0
                && EpochMinute.start(period.toMinute()).isBefore(clock.instant().minus(SETTLED_AFTER));
        return new Answer<>(
                counts, found.completeUntil, needsDropped ? EpochMinute.start(minutesSince) : null, isSettled);
    }
}
