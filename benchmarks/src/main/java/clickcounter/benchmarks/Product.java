package clickcounter.benchmarks;

import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.testing.Await;
import clickcounter.testing.ProcessUsage;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestFiles;
import clickcounter.testing.TestProcess;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The whole product in a folder of its own, each process started by `run.sh`: that of this commit or of another.
///
/// **Threads**: one.
final class Product implements Closeable {
    private static final Duration MAX_CATCH_UP = Duration.ofMinutes(5);

    private final @Nullable String foreignDatabase = System.getenv("DATABASE_URL");
    private final Service service;

    /// Starts the embedded database, unless `DATABASE_URL` names another one, gives it the schema and starts
    /// nothing else.
    ///
    /// @param settings that differ from the defaults
    Product(Path folder, Map<String, String> settings) throws IOException {
        this(TestProcess.ROOT, folder, settings);
    }

    /// @param sources where the commit has been built
    private Product(Path sources, Path folder, Map<String, String> settings) throws IOException {
        Map<String, String> all = new HashMap<>(settings);
        System.getenv().forEach((name, value) -> {
            if (name.startsWith("DATABASE_")) {
                all.put(name, value);
            }
        });
        service = Service.prepare(sources, folder, all);
        try {
            if (foreignDatabase == null) {
                start("database");
            }
            int exitCode =
                    launch("migrate", Map.of(), List.of("./migrate.sh", "-up")).awaitEnd();
            if (exitCode != 0) {
                throw new IOException("The schema is missing:%n%s"
                        .formatted(process("migrate").output()));
            }
        } catch (IOException | RuntimeException | AssertionError failure) {
            close();
            throw failure;
        }
    }

    /// Starts all processes.
    static Product startAll(Path folder, Map<String, String> settings) throws IOException {
        return startAll(TestProcess.ROOT, folder, settings);
    }

    /// Starts all processes of another commit, which has been built.
    static Product startAll(Path sources, Path folder, Map<String, String> settings) throws IOException {
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
    ///
    /// @param prefix a command that runs the rest of its line; usually empty
    TestProcess start(String name, String... prefix) {
        List<String> command = new ArrayList<>(List.of(prefix));
        command.addAll(List.of("./run.sh", name));
        return launch(name, Map.of(), command).awaitReady();
    }

    /// Starts any command with the product's settings.
    TestProcess launch(String name, Map<String, String> settings, List<String> command) {
        return service.launch(name, settings, command);
    }

    /// The process that was started by this name.
    TestProcess process(String name) {
        return service.process(name);
    }

    TestProcess ingest() {
        return service.ingest();
    }

    /// What processes use together. PostgreSQL is no child of the process that starts it, but counts with it.
    ProcessUsage usage(String... names) throws IOException {
        List<Long> pids = new ArrayList<>();
        for (String name : names) {
            pids.add(process(name).pid());
            if (name.equals("database")) {
                Path postmaster = dataFolder().resolve("postgres").resolve("postmaster.pid");
                pids.add(Long.parseLong(Files.readAllLines(postmaster).getFirst()));
            }
        }
        return new ProcessUsage(pids);
    }

    /// What all processes of ingest use.
    ProcessUsage ingestUsage() throws IOException {
        return usage(running(true));
    }

    /// What all processes behind the log use.
    ProcessUsage usageBehindTheLog() throws IOException {
        return usage(running(false));
    }

    private String[] running(boolean isIngest) {
        return service.processes().stream()
                .filter(TestProcess::isAlive)
                .map(TestProcess::name)
                .filter(name -> name.startsWith("ingest") == isIngest)
                .toArray(String[]::new);
    }

    Path dataFolder() {
        return service.dataFolder();
    }

    /// The public port.
    int port() {
        return service.port();
    }

    int queryPort() {
        return service.queryPort();
    }

    String databaseUrl() throws IOException {
        return foreignDatabase != null
                ? foreignDatabase
                : Files.readString(dataFolder().resolve("database.url")).strip();
    }

    /// A connection pool on the product's database.
    Database connect() throws IOException {
        return Database.connect(DatabaseSettings.of(databaseUrl()), "click-counter-benchmark", 1);
    }

    /// Waits until this many clicks are in the database.
    static void awaitClicks(Connection connection, long clicks) {
        Await.until(
                "the database has %d clicks".formatted(clicks),
                MAX_CATCH_UP,
                () -> TestDatabase.clicks(connection) == clicks);
    }

    /// Compares the rows of each banner with its 204s.
    ///
    /// @param acknowledged those of the banners from [ClickScript#FIRST_BANNER] on
    void verify(long[] acknowledged) throws IOException, SQLException {
        long[] counted = new long[acknowledged.length];
        // Without a look at the schema, which may be that of another commit.
        try (Connection connection = DatabaseSettings.of(databaseUrl())
                .url()
                .dataSource("click-counter-benchmark", Duration.ZERO)
                .getConnection()) {
            awaitClicks(connection, Arrays.stream(acknowledged).sum());
            try (PreparedStatement select = connection.prepareStatement(
                            "select banner_id, sum(clicks) from banner_minute group by banner_id");
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    counted[(int) (row.getLong(1) - ClickScript.FIRST_BANNER)] = row.getLong(2);
                }
            }
        }
        for (int banner = 0; banner < counted.length; banner++) {
            if (counted[banner] != acknowledged[banner]) {
                throw new IllegalStateException("Banner %d: %d clicks were acknowledged, %d are counted."
                        .formatted(ClickScript.FIRST_BANNER + banner, acknowledged[banner], counted[banner]));
            }
        }
    }

    /// Stops all processes, the latest first, and deletes the data; what the processes have printed stays.
    @Override
    public void close() {
        for (TestProcess process : service.processes().reversed()) {
            process.stop();
        }
        service.close();
        TestFiles.delete(dataFolder());
    }
}
