package clickcounter.benchmarks;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.testing.Await;
import clickcounter.testing.ProcessUsage;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestFiles;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The whole product in a folder of its own, each process started by `run.sh`: that of this commit or of another.
///
/// **Threads**: one.
final class Product implements AutoCloseable {
    private static final Duration MAX_CATCH_UP = Duration.ofMinutes(5);

    private final Service service;
    private final long[] acknowledged = new long[ClickScript.MAX_BANNERS];

    /// Starts the embedded database, gives it the schema and starts nothing else.
    ///
    /// @param settings that differ from the defaults
    Product(Path folder, Map<String, String> settings) {
        this(TestProcess.ROOT, folder, settings);
    }

    private Product(Path sources, Path folder, Map<String, String> settings) {
        service = Service.prepare(sources, folder, settings);
        try {
            start("database");
            service.run("./migrate.sh", "-up");
        } catch (RuntimeException | AssertionError failure) {
            close();
            throw failure;
        }
    }

    /// Starts all processes.
    static Product startAll(Path folder, Map<String, String> settings) {
        return startAll(TestProcess.ROOT, folder, settings);
    }

    /// Starts all processes of another commit, which has been built in `sources`.
    static Product startAll(Path sources, Path folder, Map<String, String> settings) {
        var product = new Product(sources, folder, settings);
        try {
            for (String name : List.of("aggregator", "query", "ingest")) {
                product.start(name);
            }
            int processes = Integer.parseInt(settings.getOrDefault("INGEST_PROCESSES", "1"));
            for (int number = 2; number <= processes; number++) {
                product.start("ingest-" + number);
            }
            return product;
        } catch (RuntimeException | AssertionError failure) {
            product.close();
            throw failure;
        }
    }

    /// Starts one of the processes; returns when it is ready.
    void start(String name) {
        launch(name, Map.of(), List.of("./run.sh", name)).awaitReady();
    }

    /// Starts any command with the product's settings and those given.
    TestProcess launch(String name, Map<String, String> settings, List<String> command) {
        return service.launch(name, settings, command);
    }

    Service service() {
        return service;
    }

    /// What the processes use whose names begin so. PostgreSQL is no child of the process that starts it, but
    /// counts with it.
    ProcessUsage usage(String... names) {
        List<Long> pids = new ArrayList<>();
        for (TestProcess process : service.processes()) {
            if (process.isAlive() && Stream.of(names).anyMatch(process.name()::startsWith)) {
                pids.add(process.pid());
                if (process.name().equals("database")) {
                    String postmaster = text("postgres/postmaster.pid");
                    pids.add(Long.parseLong(postmaster.lines().findFirst().orElseThrow()));
                }
            }
        }
        return new ProcessUsage(pids);
    }

    String databaseUrl() {
        return text("database.url").strip();
    }

    private String text(String file) {
        try {
            return Files.readString(service.dataFolder().resolve(file));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// A connection to the product's database. The schema is not looked at, it may be that of another commit.
    Connection connect() throws SQLException {
        return DatabaseSettings.of(databaseUrl())
                .url()
                .dataSource("click-counter-benchmark", Duration.ZERO)
                .getConnection();
    }

    /// Waits until this many clicks are in the database.
    static void awaitClicks(Connection connection, long clicks) {
        Await.until(
                "the database has %d clicks".formatted(clicks),
                MAX_CATCH_UP,
                () -> TestDatabase.clicks(connection) == clicks);
    }

    /// Waits until a banner has this many clicks in the database; returns how many it has then.
    static long awaitClicks(Connection connection, long bannerId, long atLeast) {
        Await.until(
                "banner %d has %d clicks".formatted(bannerId, atLeast),
                MAX_CATCH_UP,
                () -> clicks(connection, bannerId) >= atLeast);
        return clicks(connection, bannerId);
    }

    private static long clicks(Connection connection, long bannerId) {
        try (var select = connection.prepareStatement(
                "select coalesce(sum(clicks), 0)::bigint from banner_minute where banner_id = ?")) {
            select.setLong(1, bannerId);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /// Clicks whose 204s [#verify] compares with the database.
    ///
    /// @param banners the number of different banners
    ClickScript clicks(int banners) {
        return new ClickScript(banners, acknowledged);
    }

    /// Compares the rows of each banner with its 204s.
    void verify() throws SQLException {
        long[] counted = new long[acknowledged.length];
        try (Connection connection = connect()) {
            awaitClicks(connection, Arrays.stream(acknowledged).sum());
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(
                            "select banner_id, sum(clicks) from banner_minute group by banner_id")) {
                while (row.next()) {
                    counted[(int) (row.getLong(1) - ClickScript.FIRST_BANNER)] = row.getLong(2);
                }
            }
        }
        int banner = Arrays.mismatch(counted, acknowledged);
        if (banner >= 0) {
            throw new IllegalStateException("Banner %d: %d clicks were acknowledged, %d are counted."
                    .formatted(ClickScript.FIRST_BANNER + banner, acknowledged[banner], counted[banner]));
        }
    }

    /// Stops all processes, the latest first, and deletes the data; what the processes have printed stays.
    @Override
    public void close() {
        service.processes().reversed().forEach(TestProcess::stop);
        service.close();
        TestFiles.delete(service.dataFolder());
    }
}
