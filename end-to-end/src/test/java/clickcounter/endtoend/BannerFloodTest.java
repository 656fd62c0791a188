package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.http.BannerId;
import clickcounter.testing.Await;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A flood of made-up banner ids does not fill the database.
final class BannerFloodTest {
    private static final int MAX_NEW = 500;
    private static final int FLOOD = 100_000;
    private static final long REAL = 7;

    @Test
    void aFloodOfIdsMakesFewRowsAndEveryClickCountsOnce(@TempDir Path folder) throws Exception {
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(
                        folder, database.url(), Map.of("SERVICE_MAX_NEW_BANNERS", Integer.toString(MAX_NEW)));
                var client = new ClickClient(service.port());
                Connection connection = database.connect()) {
            assertThat(client.click(REAL)).isEqualTo(204);
            long firstMinute = minute();
            for (long id = 1_000_000; id < 1_000_000 + FLOOD; id++) {
                assertThat(client.click(id)).isEqualTo(204);
            }
            long minutes = minute() - firstMinute + 1;
            assertThat(client.click(REAL)).isEqualTo(204);

            Await.until("the database has all clicks", () -> TestDatabase.clicks(connection) == FLOOD + 2);
            long banners = TestDatabase.number(connection, "select count(distinct banner_id) from banner_minute");
            assertThat(banners).isBetween(3L, minutes * MAX_NEW + 2);
            assertThat(service.totalClicks(REAL)).isEqualTo(2);
            assertThat(service.totalClicks(BannerId.OTHER)).isEqualTo(FLOOD + 2 - banners);
        }
    }

    /// The minute of the clock by which ingest limits new banners, which is that of the machine.
    private static long minute() {
        return System.nanoTime() / Duration.ofMinutes(1).toNanos();
    }
}
