package clickcounter.ingest.banners;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.http.BannerId;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import clickcounter.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class BannerLimitTest {
    private static final long MINUTE_NS = Duration.ofMinutes(1).toNanos();

    private final Path folder;
    private final LogSettings log;
    private final AtomicLong clockNs = new AtomicLong();

    BannerLimitTest(@TempDir Path folder) {
        this.folder = folder;
        log = LogSettings.read(new SettingsReader(Map.of("DATA_DIR", folder.toString(), "LOG_MIN_FREE", "0")));
    }

    /// Opens the limit as ingest does: the log exists, and may be empty.
    private BannerLimit open(int maxNewPerMinute) {
        var limit = BannerLimit.open(folder, maxNewPerMinute, clockNs::get);
        ClickWriter.open(log, new Lifetime()).close();
        limit.learn(log.folder());
        return limit;
    }

    @Test
    void limitsTheFirstClicksOfANewLog() {
        try (var limit = open(2)) {
            assertThat(limit.countedAs(1)).isEqualTo(1);
            assertThat(limit.countedAs(2)).isEqualTo(2);
            assertThat(limit.countedAs(3)).isEqualTo(BannerId.OTHER);
            assertThat(limit.countedAs(BannerId.OTHER)).isEqualTo(BannerId.OTHER);
            assertThat(limit.countedAs(1)).isEqualTo(1);

            clockNs.addAndGet(MINUTE_NS);
            assertThat(limit.countedAs(3)).isEqualTo(3);
            assertThat(limit.countedAs(4)).isEqualTo(4);
            assertThat(limit.countedAs(5)).isEqualTo(BannerId.OTHER);
        }
        try (var limit = open(2)) {
            assertThat(limit.countedAs(2)).isEqualTo(2);
            assertThat(limit.countedAs(5)).isEqualTo(BannerId.OTHER);
        }
    }

    @Test
    void processesOfAHostShareTheLimit() {
        try (var limit = open(2);
                var another = open(2)) {
            assertThat(limit.countedAs(1)).isEqualTo(1);
            assertThat(another.countedAs(2)).isEqualTo(2);
            assertThat(limit.countedAs(3)).isEqualTo(BannerId.OTHER);
            assertThat(another.countedAs(3)).isEqualTo(BannerId.OTHER);
            assertThat(limit.countedAs(2)).isEqualTo(2);
        }
    }

    @Test
    void knowsTheBannersOfALogFromBeforeTheLimit() {
        int banners = 25_000;
        try (var writer = ClickWriter.open(log, new Lifetime())) {
            LongStream.rangeClosed(1, banners).forEach(writer::append);
        }
        try (var limit = open(1)) {
            long[] newId = {banners};
            Await.until("the limit applies", () -> limit.countedAs(++newId[0]) == BannerId.OTHER);
            assertThat(LongStream.rangeClosed(1, banners)).allMatch(id -> limit.countedAs(id) == id);
        }
    }

    @Test
    void zeroIsNoLimitAndALaterLimitKnowsWhatWasCountedMeanwhile() {
        try (var limit = open(1)) {
            assertThat(limit.countedAs(1)).isEqualTo(1);
        }
        try (var limit = BannerLimit.open(folder, 0, clockNs::get);
                var writer = ClickWriter.open(log, new Lifetime(), limit::countedAs, System::currentTimeMillis)) {
            limit.learn(log.folder());
            LongStream.rangeClosed(2, 20).forEach(writer::append);
            assertThat(limit.countedAs(21)).isEqualTo(21);
        }
        try (var limit = open(1)) {
            long[] newId = {21};
            Await.until("the limit applies", () -> limit.countedAs(++newId[0]) == BannerId.OTHER);
            assertThat(LongStream.rangeClosed(2, 20)).allMatch(id -> limit.countedAs(id) == id);
        }
    }
}
