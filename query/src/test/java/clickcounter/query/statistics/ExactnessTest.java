package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.MinuteCounts;
import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.query.statistics.Statistics.Answer;
import clickcounter.query.statistics.Statistics.BannerClicks;
import clickcounter.query.statistics.Statistics.Top;
import clickcounter.shared.EpochMinute;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tests that the database and the log together are exact at every moment. While clicks are appended, moved from
/// the log into the database, summed up, and dropped from memory, every answer has all clicks that were
/// acknowledged before the question, and none that was appended after the answer.
class ExactnessTest {
    private static final List<Step> STEPS = List.of(Step.values());
    private static final int BANNERS = 3;
    private static final int WRITERS = 2;
    private static final int READERS = 3;
    private static final int ANSWERS_PER_READER = 1_000;
    private static final int CLICKS_AT_ONCE = 20;
    private static final Duration WRITERS_PAUSE = Duration.ofNanos(200_000);
    private static final Duration LONG_ENOUGH = Duration.ofSeconds(20);

    private static final Duration ROLL_UP_PAUSE = Duration.ofMillis(20);

    private final long yesterday = EpochMinute.of(Instant.now()) - 2_000;
    private final AtomicLong rolledMinutes = new AtomicLong();
    private final AtomicLongArray begun = new AtomicLongArray(BANNERS + 1);
    private final AtomicLongArray acknowledged = new AtomicLongArray(BANNERS + 1);
    private final AtomicBoolean answered = new AtomicBoolean();

    @Test
    void neverAnswersWithTooFewOrTooManyClicks(@TempDir Path folder) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        try (var parts = QueryParts.open(folder, 1_000_000);
                var threads = Executors.newCachedThreadPool()) {
            var statistics = new Statistics(parts.counts, parts.tail, 1_000_000, LONG_ENOUGH, InstantSource.system());
            List<Future<Void>> readers = new ArrayList<>();
            List<Future<Void>> others = new ArrayList<>();
            for (int reader = 0; reader < READERS; reader++) {
                var random = new Random(seed + reader);
                readers.add(threads.submit(() -> {
                    for (int answer = 0; answer < ANSWERS_PER_READER; answer++) {
                        if (random.nextInt(4) == 0) {
                            readAll(statistics);
                        } else {
                            read(statistics, 1 + random.nextInt(BANNERS));
                        }
                    }
                    return null;
                }));
            }
            for (int writer = 0; writer < WRITERS; writer++) {
                var random = new Random(-seed - writer);
                others.add(threads.submit(untilAnswered(() -> write(parts, random))));
            }
            others.add(threads.submit(untilAnswered(() -> parts.aggregator.move(20_000))));
            others.add(threads.submit(untilAnswered(() -> {
                // Some minutes are summed up before they are over, so that they get late clicks.
                parts.aggregator.rollUp(EpochMinute.start(yesterday + rolledMinutes.addAndGet(37)));
                LockSupport.parkNanos(ROLL_UP_PAUSE.toNanos());
                return null;
            })));
            others.add(threads.submit(untilAnswered(() -> {
                parts.tail.committed(parts.counts.position());
                return null;
            })));
            try {
                for (Future<Void> reader : readers) {
                    reader.get(2, TimeUnit.MINUTES);
                }
            } finally {
                answered.set(true);
            }
            for (Future<Void> other : others) {
                other.get(1, TimeUnit.MINUTES);
            }
            for (int banner = 1; banner <= BANNERS; banner++) {
                read(statistics, banner);
                System.out.println("banner " + banner + ": " + acknowledged.get(banner) + " clicks");
            }
        }
    }

    private Void write(QueryParts parts, Random random) {
        for (int click = 0; click < CLICKS_AT_ONCE; click++) {
            int banner = 1 + random.nextInt(BANNERS);
            begun.incrementAndGet(banner);
            parts.log.append(banner);
            acknowledged.incrementAndGet(banner);
        }
        LockSupport.parkNanos(WRITERS_PAUSE.toNanos());
        return null;
    }

    private Void read(Statistics statistics, int banner) throws Exception {
        Step step = STEPS.get(ThreadLocalRandom.current().nextInt(STEPS.size()));
        long least = acknowledged.get(banner);
        var period = new Period(yesterday, yesterday + 4_000, step, ZoneId.of("Asia/Kathmandu"));
        Answer<List<MinuteCounts>> answer = statistics.series(new long[] {banner}, period, false, QueryParts.pass());
        long most = begun.get(banner);

        assertThat(answer.completeUntil()).isNull();
        assertThat(QueryParts.sum(answer)).isBetween(least, most);
        return null;
    }

    private Void readAll(Statistics statistics) throws Exception {
        var period = new Period(yesterday, yesterday + 4_000, Step.DAY, ZoneOffset.UTC);
        long least = sum(acknowledged);
        long leastOfOne = acknowledged.get(1);
        long totals =
                statistics.totals(period, false, QueryParts.pass()).counts().total();
        Answer<Top> top = statistics.top(period, BANNERS, List.of());
        long most = sum(begun);
        long mostOfOne = begun.get(1);

        assertThat(totals).isBetween(least, most);
        assertThat(top.counts().total()).isBetween(totals, most);
        assertThat(top.counts().banners().stream()
                        .mapToLong(BannerClicks::clicks)
                        .sum())
                .isEqualTo(top.counts().total());
        assertThat(top.counts().clicks(1)).isBetween(leastOfOne, mostOfOne);
        return null;
    }

    private static long sum(AtomicLongArray clicks) {
        return LongStream.rangeClosed(1, BANNERS)
                .map(banner -> clicks.get((int) banner))
                .sum();
    }

    private Callable<Void> untilAnswered(Callable<?> work) {
        return () -> {
            while (!answered.get()) {
                work.call();
            }
            return null;
        };
    }
}
