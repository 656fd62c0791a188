package clickcounter.aggregator;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.CountStore;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.shared.Lifetime;
import clickcounter.shared.log.ClickReader;
import clickcounter.testing.Await;
import clickcounter.testing.Exposition;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.MetricsDocument;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What the aggregator tells its operators.
@Timeout(120)
final class AdminTest {
    private final Scene scene = new Scene();
    private final Instant now = Instant.now();

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void isReadyWhenAllChecksHold() {
        scene.click(7, now);
        try (var aggregator = Aggregator.start(scene.busySettings(), new Lifetime())) {
            Await.until(
                    "it is ready",
                    () -> Exposition.get(aggregator.adminPort(), "/readyz").statusCode() == 200);
            assertThat(Exposition.get(aggregator.adminPort(), "/readyz").body()).isEqualTo("""
                    {"ready":true,"checks":{"running":{"ok":true},"log":{"ok":true},"database":{"ok":true},\
                    "schema":{"ok":true},"epoch":{"ok":true},"lag":{"ok":true}}}""");
        }
    }

    @Test
    void accountsForEveryClickOverCyclesAndForeignRecordsInMetricsThatAreDocumented() throws IOException {
        scene.clicks(7, now.minusSeconds(3_600), 10);
        scene.countAll();
        scene.clicks(7, now.minusSeconds(1_800), 20);
        scene.clicks(8, now, 12);
        scene.closeWriter();
        scene.appendRaw(now, appender -> appender.writeText("no click"));
        try (var aggregator = Aggregator.start(scene.busySettings(), new Lifetime())) {
            Await.until("all is accounted for", () -> ledger(aggregator, "committed") == 32);
            Exposition metrics = Exposition.of(aggregator.adminPort());
            assertThat(metrics.value("clickcounter_ledger_appended_clicks")).isEqualTo(32);
            assertThat(metrics.value("clickcounter_ledger_pending_clicks")).isZero();
            assertThat(metrics.value("clickcounter_ledger_difference_clicks")).isZero();
            assertThat(metrics.value("clickcounter_clicks_folded_total")).isEqualTo(32);
            assertThat(metrics.value("clickcounter_clicks_committed_total")).isEqualTo(32);
            assertThat(metrics.value("clickcounter_flush_rows_total")).isEqualTo(2);
            assertThat(metrics.value("clickcounter_flush_duration_seconds_count"))
                    .isPositive();
            assertThat(metrics.value("clickcounter_clicks_pending")).isZero();
            assertThat(metrics.value("clickcounter_oldest_pending_click_age_seconds"))
                    .isZero();
            assertThat(metrics.value("clickcounter_log_files")).isEqualTo(3);
            assertThat(metrics.value("clickcounter_log_size_bytes")).isPositive();
            assertThat(metrics.ownFamilies()).isEqualTo(MetricsDocument.metricsOf("aggregator"));
        }
    }

    @Test
    void saysHowMuchWaitsAndForHowLongWhileTheDatabaseIsAway() throws Exception {
        try (var proxy = FaultyProxy.start(scene.databaseUrl());
                var aggregator = Aggregator.start(
                        scene.busySettings(DatabaseSettings.of(proxy.url(scene.databaseUrl()))), new Lifetime())) {
            scene.clicks(7, now.minusSeconds(600), 5);
            Await.until("they are counted", () -> scene.clicksInDatabase() == 5);
            proxy.refuse();
            proxy.cutAll();
            scene.clicks(7, now.minusSeconds(300), 11);
            Await.until(
                    "it is noticed",
                    () -> Exposition.get(aggregator.adminPort(), "/readyz")
                            .body()
                            .contains(
                                    "\"lag\":{\"ok\":false,\"problem\":\"The oldest of 11 clicks that are not in the database"));

            assertThat(Exposition.get(aggregator.adminPort(), "/readyz").body())
                    .startsWith("{\"ready\":false,")
                    .contains("\"database\":{\"ok\":false,\"problem\":\"The database does not answer: ");
            assertThat(Exposition.get(aggregator.adminPort(), "/livez").statusCode())
                    .isEqualTo(200);
            Exposition metrics = Exposition.of(aggregator.adminPort());
            assertThat(metrics.value("clickcounter_clicks_pending")).isEqualTo(11);
            assertThat(metrics.value("clickcounter_oldest_pending_click_age_seconds"))
                    .isBetween(299.0, 600.0);
            assertThat(metrics.value("clickcounter_flush_failures_total")).isPositive();

            proxy.accept();
            Await.until(
                    "it is ready again",
                    () -> Exposition.get(aggregator.adminPort(), "/readyz").statusCode() == 200);
            Await.until("all is accounted for", () -> ledger(aggregator, "committed") == 16);
            assertThat(ledger(aggregator, "difference")).isZero();
        }
    }

    @Test
    void isNotReadyWhenAnotherOneHasTakenOver() throws SQLException {
        scene.click(7, now);
        // It flushes rarely: that it is superseded it would find out at its next flush.
        try (var aggregator = Aggregator.start(scene.settings(), new Lifetime());
                var reader = ClickReader.open(scene.logFolder());
                var database = Database.connect(DatabaseSettings.of(scene.databaseUrl()), "test", 1)) {
            Await.until("the first flush is done", () -> scene.clicksInDatabase() == 1);
            new CountStore(database, reader.logId()).takeOver();
            Await.until(
                    "it is noticed",
                    () -> Exposition.get(aggregator.adminPort(), "/readyz")
                            .body()
                            .contains("\"epoch\":{\"ok\":false,\"problem\":\"Another aggregator has taken the log over"
                                    + " (epoch 2, this one has 1).\"}"));
        }
    }

    private static double ledger(Aggregator aggregator, String account) {
        return Exposition.of(aggregator.adminPort()).value("clickcounter_ledger_%s_clicks".formatted(account));
    }
}
