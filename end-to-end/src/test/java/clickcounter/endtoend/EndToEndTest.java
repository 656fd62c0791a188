package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The way of a click from the HTTP request to the statistics, through the three real processes.
final class EndToEndTest {
    private static final int CONNECTIONS = 64;
    private static final int BANNERS = 500;
    private static final int CLICKS_PER_SECOND = 3_000;
    private static final long AT_LEAST_CLICKS = 50_000;
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir
    Path folder;

    @Test
    void countsEveryClickExactlyAcrossAMinuteWhileItIsReadAndAfterARestart() {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        try (TestDatabase database = TestDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of())) {
            var ledger = new Ledger();
            try (ClickLoad load = ClickLoad.start(service.port(), CONNECTIONS, BANNERS, CLICKS_PER_SECOND, seed)) {
                long startMillis = System.currentTimeMillis();
                long enoughMillis = startMillis + AT_LEAST_CLICKS * 1000 / CLICKS_PER_SECOND;
                long minuteMillis = (startMillis / MINUTE.toMillis() + 1) * MINUTE.toMillis() + 2_000;
                readWhileCounting(service, Math.max(enoughMillis, minuteMillis), new Random(seed));
                ledger.add(load.end());
            }
            assertThat(ledger.unansweredClicks()).isZero();
            assertThat(ledger.refusedClicks()).isZero();
            assertThat(ledger.acknowledgedClicks()).isGreaterThan(AT_LEAST_CLICKS / 2);
            service.verify(ledger);

            service.stop();
            service.restart();
            service.verify(ledger);

            try (ClickLoad load = ClickLoad.start(service.port(), CONNECTIONS, BANNERS, CLICKS_PER_SECOND, ~seed)) {
                readWhileCounting(service, System.currentTimeMillis() + 3_000, new Random(seed));
                ledger.add(load.end());
            }
            service.verify(ledger);
            service.stop();
        }
    }

    @Test
    void aClickIsInTheNextAnswerWhetherOrNotTheAggregatorRuns() throws IOException {
        try (TestDatabase database = TestDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of());
                var connection = new ClickConnection(service.port())) {
            for (int clicks = 1; clicks <= 300; clicks++) {
                if (clicks == 100) {
                    service.aggregator().kill();
                }
                if (clicks == 200) {
                    service.aggregator().restart();
                }
                assertThat(connection.click(7)).isEqualTo(204);
                assertThat(service.totalClicks(7)).isEqualTo(clicks);
            }
        }
    }

    @Test
    void onePortServesTheWholeApi() throws IOException, InterruptedException {
        try (TestDatabase database = TestDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of());
                HttpClient client = HttpClient.newHttpClient()) {
            assertThat(status(client, service, "/v1/healthcheck")).isEqualTo(200);
            assertThat(status(client, service, "/v1/banners/counter/1")).isEqualTo(204);
            assertThat(status(client, service, "/v1/banners/counter/none")).isEqualTo(400);
            assertThat(status(client, service, "/v1/banners/stats/1")).isEqualTo(400);
            assertThat(status(client, service, "/nothing")).isEqualTo(404);
            assertThat(service.totalClicks(1)).isEqualTo(1);

            service.query().kill();
            assertThat(service.statisticsAnswer(1).statusCode()).isEqualTo(503);
            assertThat(status(client, service, "/v1/banners/counter/1")).isEqualTo(204);
            service.query().restart();
            service.awaitReady();
            assertThat(service.totalClicks(1)).isEqualTo(2);
        }
    }

    /// Reads statistics of random banners until then; a banner's clicks never become fewer.
    private static void readWhileCounting(Service service, long untilMillis, Random random) {
        long[] seen = new long[BANNERS + 1];
        while (System.currentTimeMillis() < untilMillis) {
            int bannerId = random.nextInt(BANNERS) + 1;
            long clicks = service.totalClicks(bannerId);
            assertThat(clicks).as("clicks of banner %d", bannerId).isGreaterThanOrEqualTo(seen[bannerId]);
            seen[bannerId] = clicks;
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
    }

    private static int status(HttpClient client, Service service, String path)
            throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + path))
                .build();
        HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
        return answer.statusCode();
    }
}
