package clickcounter.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.http.BannerId;
import clickcounter.testing.Exposition;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A flood of made-up banner ids creates few banners, and loses no click.
@Timeout(60)
final class NewBannersTest {
    private static final int MAX_NEW = 100;
    private static final int FLOOD = 1_000;
    private static final long FIRST_REAL = 1;
    private static final long FIRST_MADE_UP = 1_000_000;
    private static final int REAL = 50;

    @TempDir
    Path folder;

    @Test
    void aFloodOfIdsMakesFewBannersAndKnownOnesGoOnCounting() {
        try (var ingest = start();
                var connection = ingest.connect()) {
            click(connection, FIRST_REAL, REAL);
            assertThat(ingest.newClicks()).containsExactlyElementsOf(ids(FIRST_REAL, REAL));
            assertThat(Exposition.of(ingest.adminPort()).value("clickcounter_new_banners_total"))
                    .isEqualTo(REAL);

            click(connection, FIRST_MADE_UP, FLOOD);
            List<Long> flood = ingest.newClicks();
            assertThat(flood).hasSize(FLOOD);
            // The flood may last into the next minute.
            assertThat(new HashSet<>(flood)).hasSizeLessThanOrEqualTo(2 * MAX_NEW + 1);
            double over = Exposition.of(ingest.adminPort()).value("clickcounter_clicks_over_banner_limit_total");
            assertThat(flood).filteredOn(id -> id == BannerId.OTHER).hasSize((int) over);
            assertThat(over).isGreaterThan(0);

            click(connection, FIRST_REAL, REAL);
            assertThat(ingest.newClicks()).containsExactlyElementsOf(ids(FIRST_REAL, REAL));
        }
        try (var ingest = start();
                var connection = ingest.connect()) {
            ingest.newClicks();
            click(connection, FIRST_REAL, REAL);
            assertThat(ingest.newClicks()).containsExactlyElementsOf(ids(FIRST_REAL, REAL));
        }
    }

    @Test
    void clicksThatHelidonReadsAreLimitedAsWell() {
        try (var ingest = start();
                var connection = ingest.connect()) {
            for (long id = FIRST_MADE_UP; id < FIRST_MADE_UP + FLOOD; id++) {
                String answer = connection
                        .request("POST /v1/banners/counter/" + id, "Transfer-Encoding: chunked")
                        .send("0\r\n\r\n")
                        .headers();
                assertThat(answer).startsWith("HTTP/1.1 204 ");
            }
            List<Long> flood = ingest.newClicks();
            assertThat(flood).hasSize(FLOOD);
            assertThat(new HashSet<>(flood)).hasSizeLessThanOrEqualTo(2 * MAX_NEW + 1);
        }
    }

    private RunningIngest start() {
        return RunningIngest.start(folder, "SERVICE_MAX_NEW_BANNERS", MAX_NEW);
    }

    private static void click(HttpConnection connection, long firstId, int count) {
        for (long id : ids(firstId, count)) {
            assertThat(connection.click(id)).isEqualTo(204);
        }
    }

    private static List<Long> ids(long firstId, int count) {
        return LongStream.range(firstId, firstId + count).boxed().toList();
    }
}
