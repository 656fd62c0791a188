package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.Await;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/// The way of a click from the HTTP request to the statistics, through the three real processes.
///
/// All tests share one service, because it takes seconds to start. Each uses banners of its own and leaves the
/// processes ready.
@TestInstance(Lifecycle.PER_CLASS)
final class EndToEndTest {
    private static final int CONNECTIONS = 64;
    private static final int BANNERS = 500;
    private static final int CLICKS_PER_SECOND = 3_000;
    private static final int MIN_CLICKS = 25_000;
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration LOAD_BEFORE_MINUTE_ENDS = Duration.ofSeconds(15);
    private static final Duration LOAD_AFTER_MINUTE_ENDS = Duration.ofSeconds(2);

    /// How long a busy machine may take for [#MIN_CLICKS].
    private static final Duration MAX_LOAD = Duration.ofMinutes(2);

    private TestDatabase database;
    private Service service;

    @BeforeAll
    void start(@TempDir Path folder) {
        database = MigratedDatabase.create();
        service = Service.start(folder, database.url(), Map.of());
    }

    @AfterAll
    void stop() {
        service.close();
        database.close();
    }

    @Test
    void countsEveryClickExactlyAcrossAMinuteWhileItIsReadAndAfterARestart() {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        Await.until(
                "the minute is about to end", MINUTE, () -> untilMinuteEnds().compareTo(LOAD_BEFORE_MINUTE_ENDS) <= 0);
        var sent = new SentClicks();
        loadWhileReading(LOAD_BEFORE_MINUTE_ENDS.plus(LOAD_AFTER_MINUTE_ENDS), seed, sent);
        assertThat(sent.unansweredClicks()).isZero();
        assertThat(sent.refusedClicks()).isZero();
        assertThat(sent.acknowledgedClicks()).isGreaterThan(MIN_CLICKS);
        sent.verify(service);

        service.stop();
        service.restart();
        sent.verify(service);

        loadWhileReading(Duration.ofSeconds(3), ~seed, sent);
        sent.verify(service);
        service.stop();
        service.restart();
    }

    @Test
    void aClickIsInTheNextAnswerWhetherOrNotTheAggregatorRuns() throws IOException {
        long bannerId = BANNERS + 1;
        try (var connection = new ClickClient(service.port())) {
            for (int clicks = 1; clicks <= 300; clicks++) {
                if (clicks == 100) {
                    service.aggregator().kill();
                }
                if (clicks == 200) {
                    service.aggregator().restart();
                }
                assertThat(connection.click(bannerId)).isEqualTo(204);
                assertThat(service.totalClicks(bannerId)).isEqualTo(clicks);
            }
        }
        service.awaitReady();
    }

    @Test
    void onePortServesTheWholeApi() throws IOException {
        long bannerId = BANNERS + 2;
        String click = "/v1/banners/counter/" + bannerId;
        assertThat(status("/v1/healthcheck")).isEqualTo(200);
        assertThat(status(click)).isEqualTo(204);
        assertThat(status("/v1/banners/counter/none")).isEqualTo(400);
        assertThat(status("/v1/banners/stats/1")).isEqualTo(400);
        assertThat(status("/nothing")).isEqualTo(404);
        assertThat(service.totalClicks(bannerId)).isEqualTo(1);

        service.query().kill();
        assertThat(service.statisticsAnswer(bannerId).statusCode()).isEqualTo(503);
        assertThat(status(click)).isEqualTo(204);
        service.query().restart();
        service.awaitReady();
        assertThat(service.totalClicks(bannerId)).isEqualTo(2);
    }

    private static Duration untilMinuteEnds() {
        return MINUTE.minusMillis(System.currentTimeMillis() % MINUTE.toMillis());
    }

    /// Sends clicks for at least `minLength`, until there are enough, and reads the statistics of random banners
    /// meanwhile. The clicks of a banner must never become fewer.
    private void loadWhileReading(Duration minLength, long seed, SentClicks sent) {
        var random = new Random(seed);
        long[] seen = new long[BANNERS + 1];
        long startNs = System.nanoTime();
        try (ClickLoad load = ClickLoad.start(service.port(), CONNECTIONS, BANNERS, CLICKS_PER_SECOND, seed, sent)) {
            while (System.nanoTime() - startNs < minLength.toNanos()
                    || (sent.acknowledgedClicks() <= MIN_CLICKS && System.nanoTime() - startNs < MAX_LOAD.toNanos())) {
                int bannerId = random.nextInt(BANNERS) + 1;
                long clicks = service.totalClicks(bannerId);
                assertThat(clicks).as("clicks of banner %d", bannerId).isGreaterThanOrEqualTo(seen[bannerId]);
                seen[bannerId] = clicks;
                LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
            }
            load.end();
        }
    }

    private int status(String path) throws IOException {
        return service.get(path).statusCode();
    }
}
