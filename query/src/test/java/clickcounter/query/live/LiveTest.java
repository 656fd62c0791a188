package clickcounter.query.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.query.RunningQuery;
import clickcounter.query.http.Refusal;
import clickcounter.query.statistics.QueryParts;
import clickcounter.query.statistics.Statistics;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.http.Problem;
import clickcounter.shared.log.ClickReader;
import clickcounter.testing.Await;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.helidon.http.Status;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveTest {
    private final ObjectMapper json = new ObjectMapper();
    private Path folder;
    private RunningQuery query;

    @BeforeEach
    void start(@TempDir Path temporary) throws SQLException {
        folder = temporary;
        query = RunningQuery.start(folder);
    }

    @AfterEach
    void stop() {
        query.close();
    }

    /// A connection that receives events.
    private final class Stream implements AutoCloseable {
        private final HttpResponse<InputStream> answer;
        private final BufferedReader lines;

        Stream(String parameters) {
            answer = query.open("/v1/banners/live" + parameters);
            lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
        }

        /// Returns the next event, and skips comments.
        JsonNode next() throws IOException {
            String line = lines.readLine();
            while (line != null && !line.startsWith("data: ")) {
                line = lines.readLine();
            }
            assertThat(line).as("an event").isNotNull();
            return json.readTree(line.substring("data: ".length()));
        }

        @Override
        public void close() throws IOException {
            lines.close();
        }
    }

    private void append(long bannerId, int clicks) {
        for (int click = 0; click < clicks; click++) {
            query.log.append(bannerId);
        }
    }

    @Test
    void sendsTheClicksOfEachSecondOnce() throws IOException {
        append(7, 3);
        try (var stream = new Stream("?banner=8&banner=7")) {
            assertThat(stream.answer.statusCode()).isEqualTo(200);
            assertThat(stream.answer.headers().firstValue("Content-Type")).contains("text/event-stream");
            assertThat(stream.answer.headers().firstValue("Cache-Control")).contains("no-store");
            assertThat(stream.answer.headers().firstValue("X-Accel-Buffering")).contains("no");
            stream.next();
            append(7, 20);
            append(9, 300);

            long all = 0;
            long ofBanner = 0;
            JsonNode event = stream.next();
            while (all < 320) {
                all += event.get("clicks").asLong();
                JsonNode banner = event.get("banners").get(1);
                assertThat(banner.get("banner").asText()).isEqualTo("7");
                ofBanner += banner.get("clicks").asLong();
                assertThat(event.get("banners").get(0).get("clicks").asLong()).isZero();
                assertThat(event.get("banners").size()).isEqualTo(2);
                if (all < 320) {
                    event = stream.next();
                }
            }
            assertThat(all).isEqualTo(320);
            assertThat(ofBanner).isEqualTo(20);
            assertThat(Instant.parse(event.get("time").asText()))
                    .isBetween(Instant.now().minusSeconds(60), Instant.now());
        }
    }

    @Test
    void sendsTheRunningMinuteWithItsEarlierClicks() throws Exception {
        Instant minute = awaitAMinuteThatLasts();
        append(7, 5);
        query.aggregator.move(3);
        append(8, 10);
        try (var stream = new Stream("?banner=7")) {
            JsonNode event = stream.next();
            assertThat(event.get("minute").get("ts").asText()).isEqualTo(minute.toString());
            assertThat(event.get("minute").get("v").asLong()).isEqualTo(15);
            assertThat(event.get("banners").get(0).get("minute").get("v").asLong())
                    .isEqualTo(5);
            append(7, 100);
            while (event.get("minute").get("v").asLong() < 115) {
                event = stream.next();
            }
            assertThat(event.get("minute").get("v").asLong()).isEqualTo(115);
            assertThat(event.get("banners").get(0).get("minute").get("v").asLong())
                    .isEqualTo(105);
        }
    }

    /// Waits for a minute that will not end during the test, so that its counts are exact.
    private static Instant awaitAMinuteThatLasts() {
        Await.until("a minute has begun", () -> Instant.now().getEpochSecond() % 60 < 50);
        return EpochMinute.start(EpochMinute.of(Instant.now()));
    }

    @Test
    void needsNoBanner() throws IOException {
        try (var stream = new Stream("")) {
            JsonNode event = stream.next();
            assertThat(event.get("banners").size()).isZero();
            assertThat(event.get("clicks").isNumber()).isTrue();
        }
    }

    @Test
    void refusesBadQuestions() {
        assertThat(query.get("/v1/banners/live?banner=0").statusCode()).isEqualTo(400);
        assertThat(query.get("/v1/banners/live?from=1").body())
                .contains("There is no parameter \\\"from\\\" here; the parameters are banner.");
    }

    @Test
    void endsWhenTheProcessStops() throws Exception {
        try (var stream = new Stream("")) {
            stream.next();
            CompletableFuture<String> rest = CompletableFuture.supplyAsync(() -> {
                try {
                    while (stream.lines.readLine() != null) {
                        // Read to the end.
                    }
                    return "ended";
                } catch (IOException failure) {
                    return "broken off";
                }
            });
            query.restart();
            assertThat(rest.get(1, TimeUnit.MINUTES)).isEqualTo("ended");
        }
    }

    @Test
    void dropsAListenerThatDoesNotTakeItsEvents() throws SQLException {
        try (var parts = QueryParts.open(folder.resolve("other"), 1_000);
                var live = start(parts)) {
            var never = new CountDownLatch(1);
            var stuck = new OutputStream() {
                @Override
                public void write(int one) throws IOException {
                    try {
                        never.await();
                    } catch (InterruptedException interrupted) {
                        throw new IOException("the connection was closed", interrupted);
                    }
                }
            };
            CompletableFuture<Void> slow = CompletableFuture.runAsync(
                    () -> {
                        try (var listener = live.admit(new long[0])) {
                            listener.listen(stuck);
                        } catch (IOException | Refusal failure) {
                            throw new IllegalStateException(failure);
                        }
                    },
                    Thread::startVirtualThread);
            assertThatThrownBy(() -> slow.get(1, TimeUnit.MINUTES))
                    .isInstanceOf(ExecutionException.class)
                    .hasRootCauseInstanceOf(InterruptedException.class);
            assertThat(live.listeners()).isZero();
        }
    }

    private LiveStream start(QueryParts parts) {
        return LiveStream.start(
                ClickReader.open(folder.resolve("other/log")),
                parts.tail,
                (minute, banners) -> new Statistics(
                                parts.counts, parts.tail, 1_000, Duration.ofSeconds(5), InstantSource.system())
                        .top(new Period(minute, minute + 1, Step.TOTAL, ZoneOffset.UTC), 0, banners)
                        .counts(),
                Duration.ofMillis(100),
                InstantSource.system(),
                parts.lifetime);
    }

    @Test
    void letsInAsManyListenersAsThereIsMemoryFor() throws Exception {
        try (var parts = QueryParts.open(folder.resolve("other"), 1_000);
                var live = start(parts)) {
            LiveStream.Listener first = live.admit(new long[0]);
            for (int listener = 1; listener < LiveStream.MAX_LISTENERS; listener++) {
                live.admit(new long[0]);
            }
            assertRefused(live, 0, "5000 clients are listening, and no more are allowed; try again later.");
            first.close();
            live.admit(new long[0]);
        }
    }

    @Test
    void letsListenersNameAsManyBannersTogetherAsThereIsMemoryFor() throws Exception {
        try (var parts = QueryParts.open(folder.resolve("other"), 1_000);
                var live = start(parts)) {
            LiveStream.Listener first = live.admit(new long[100]);
            for (int named = 100; named < LiveStream.MAX_BANNERS; named += 100) {
                live.admit(new long[100]);
            }
            // Refusals take no place.
            for (int attempt = 0; attempt < LiveStream.MAX_LISTENERS; attempt++) {
                assertRefused(live, 1, """
                        The clients that are listening have named nearly 20000 banners, and no more are allowed; \
                        try again later.""");
            }
            live.admit(new long[0]);
            first.close();
            live.admit(new long[100]);
        }
    }

    private static void assertRefused(LiveStream live, int banners, String sentence) {
        assertThatThrownBy(() -> live.admit(new long[banners]))
                .isInstanceOfSatisfying(
                        Refusal.class,
                        refusal -> assertThat(refusal.problem())
                                .isEqualTo(new Problem(Status.SERVICE_UNAVAILABLE_503, sentence)));
    }

    @Test
    void takesNoPlaceAfterItsEnd() throws Exception {
        StringBuilder hundred = new StringBuilder("?banner=1");
        for (int banner = 2; banner <= 100; banner++) {
            hundred.append("&banner=").append(banner);
        }
        List<Stream> streams = new ArrayList<>();
        for (int named = 0; named < LiveStream.MAX_BANNERS; named += 100) {
            streams.add(new Stream(hundred.toString()));
            assertThat(streams.getLast().answer.statusCode()).isEqualTo(200);
        }
        HttpResponse<String> refused = query.get("/v1/banners/live?banner=1");
        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.headers().firstValue("Retry-After")).contains("1");

        streams.getFirst().close();
        Await.until("a place is free", () -> {
            try (InputStream events = query.open("/v1/banners/live?banner=1").body()) {
                return events.read() == ':';
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        });
        for (Stream stream : streams) {
            stream.close();
        }
    }
}
