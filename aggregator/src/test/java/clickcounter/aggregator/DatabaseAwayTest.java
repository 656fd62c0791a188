package clickcounter.aggregator;

import static clickcounter.aggregator.Scene.START;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.DatabaseUrl;
import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import clickcounter.testing.Await;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.LogLines;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The database is not there for a while; clicks go on.
class DatabaseAwayTest {
    private final Scene scene = new Scene();
    private final FaultyProxy proxy = FaultyProxy.start(scene.databaseUrl());

    @AfterEach
    void close() {
        proxy.close();
        scene.close();
    }

    @Test
    void countsWhatCameInTheMeantimeWhenTheDatabaseIsBack() {
        try (var log = new LogLines("clickcounter.aggregator");
                var pool = new LogLines("com.zaxxer.hikari");
                var _ = startAndCount()) {
            proxy.refuse();
            proxy.cutAll();
            scene.clicks(7, START.plusSeconds(1), 100);
            scene.clicks(8, START.plusSeconds(60), 100);
            Await.until("the aggregator has noticed", () -> warnings(log) == 1);
            scene.clicks(7, START.plusSeconds(61), 100);
            Await.until("it goes on trying", () -> proxy.refusedConnections() >= 5);
            assertThat(scene.clicksInDatabase()).isEqualTo(1);
            proxy.accept();
            Await.until("all is counted", () -> scene.clicksInDatabase() == scene.expectedClicks());
            assertThat(log.lines()).anySatisfy(line -> assertThat(line).contains("takes counts again"));
            assertThat(warnings(log)).isEqualTo(1);
            assertThat(log.lines())
                    .as("what the database says, not what the pool says of itself")
                    .noneMatch(line -> line.contains("Connection is not available"));
            assertThat(pool.lines()).isEmpty();
        }

        scene.assertAllIsCountedOnce();
    }

    @Test
    void givesUpAConnectionThatIsSilentAndCountsOverAnotherOne() {
        scene.click(7, START);
        try (var log = new LogLines(Flusher.class);
                var _ = start(impatient())) {
            Await.until("a click is counted", () -> scene.clicksInDatabase() == 1);
            proxy.stall();
            scene.clicks(7, START.plusSeconds(1), 100);
            Await.until("the aggregator has noticed", () -> warnings(log) == 1);
            scene.clicks(7, START.plusSeconds(2), 100);
            assertThat(scene.clicksInDatabase()).isEqualTo(1);
            proxy.resume();
            Await.until("all is counted", () -> scene.clicksInDatabase() == scene.expectedClicks());
        }

        scene.assertAllIsCountedOnce();
    }

    @Test
    void stopsSoonWhileTheDatabaseRefuses() {
        Aggregator aggregator = startAndCount();
        proxy.refuse();
        proxy.cutAll();
        scene.clicks(7, START.plusSeconds(1), 3);

        assertStopsSoon(aggregator);

        scene.countAll();
        scene.assertAllIsCountedOnce();
    }

    @Test
    void stopsSoonWhileTheDatabaseIsSilent() {
        Aggregator aggregator = startAndCount();
        proxy.stall();
        scene.clicks(7, START.plusSeconds(1), 3);

        assertStopsSoon(aggregator);

        scene.countAll();
        scene.assertAllIsCountedOnce();
    }

    @Test
    void refusesToStartWithoutTheDatabase() {
        proxy.refuse();

        assertThatThrownBy(() -> start(impatient()))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("The database 127.0.0.1:%d/", proxy.port());
    }

    private Aggregator startAndCount() {
        scene.click(7, START);
        Aggregator aggregator = start(DatabaseSettings.of(proxy.url(scene.databaseUrl())));
        Await.until("a click is counted", () -> scene.clicksInDatabase() == 1);
        return aggregator;
    }

    private Aggregator start(DatabaseSettings database) {
        return Aggregator.start(scene.busySettings(database), new Lifetime());
    }

    /// Settings with which a silent database is given up after a second, and a start without one at once.
    private DatabaseSettings impatient() {
        return new DatabaseSettings(
                DatabaseUrl.parse(proxy.url(scene.databaseUrl())), false, 1, Duration.ofSeconds(1), Duration.ZERO);
    }

    private static void assertStopsSoon(Aggregator aggregator) {
        long startNs = System.nanoTime();
        aggregator.close();
        assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isLessThan(Duration.ofSeconds(15));
    }

    private static long warnings(LogLines log) {
        return log.lines().stream().filter(line -> line.startsWith("WARN")).count();
    }
}
