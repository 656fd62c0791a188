package clickcounter.benchmarks;

import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
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
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The whole product in a folder of its own, as `run.sh` starts it, on free ports.
///
/// **Threads**: one.
final class Product implements Closeable {
    private static final Duration MAX_CATCH_UP = Duration.ofMinutes(5);

    private final Path sources;
    private final Path folder;
    private final Map<String, String> environment = new HashMap<>();
    private final Map<String, ServerProcess> running = new LinkedHashMap<>();
    private final @Nullable String foreignDatabase = System.getenv("DATABASE_URL");
    private final int port = Ports.free();
    private final int queryPort = Ports.free();

    /// Starts the embedded database, unless `DATABASE_URL` names another one, with the schema, and nothing else.
    ///
    /// @param settings that differ from the defaults
    Product(Path folder, Map<String, String> settings) throws IOException {
        this(Path.of(""), folder, settings);
    }

    /// @param sources of the commit that is run
    private Product(Path sources, Path folder, Map<String, String> settings) throws IOException {
        this.sources = sources;
        this.folder = folder;
        environment.put("DATA_DIR", folder.resolve("data").toString());
        environment.put("SERVICE_PORT", Integer.toString(port));
        environment.put("QUERY_PORT", Integer.toString(queryPort));
        environment.put("LOG_MIN_FREE", "64MiB");
        environment.put("LOGGING_FORMAT", "text");
        for (String process : List.of("INGEST", "AGGREGATOR", "QUERY")) {
            environment.put(process + "_ADMIN_PORT", "0");
        }
        environment.putAll(settings);
        if (foreignDatabase == null) {
            start("database").hasDaemon(dataFolder().resolve("postgres").resolve("postmaster.pid"));
        }
        ServerProcess migration =
                ServerProcess.start("migrate", folder, environment, List.of("./migrate.sh", "-up"), sources);
        migration.awaitSuccess();
    }

    /// Starts all of it.
    static Product startAll(Path folder, Map<String, String> settings) throws IOException {
        return startAll(Path.of(""), folder, settings);
    }

    /// Starts all of another commit, which has been built.
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
        } catch (IOException | RuntimeException failure) {
            product.close();
            throw failure;
        }
    }

    /// One of the processes, ready.
    ///
    /// @param launcher a command that runs the rest of its line; usually empty
    ServerProcess start(String name, String... launcher) throws IOException {
        List<String> command = new ArrayList<>(List.of(launcher));
        command.addAll(List.of("./run.sh", name));
        ServerProcess process = launch(name, Map.of(), command);
        process.awaitReadyFile(dataFolder().resolve("run").resolve(name + ".ready"));
        return process;
    }

    /// Any command with the product's settings.
    ServerProcess launch(String name, Map<String, String> settings, List<String> command) throws IOException {
        var all = new HashMap<>(environment);
        all.putAll(settings);
        ServerProcess process = ServerProcess.start(name, folder, all, command, sources);
        running.put(name, process);
        return process;
    }

    /// Stops a process that was started.
    void stop(String name) {
        process(name).close();
        running.remove(name);
    }

    /// One of the processes that run.
    ServerProcess process(String name) {
        return Objects.requireNonNull(running.get(name), name + " does not run");
    }

    ServerProcess ingest() {
        return process("ingest");
    }

    /// All processes of ingest.
    List<ServerProcess> ingests() {
        return running.entrySet().stream()
                .filter(process -> process.getKey().startsWith("ingest"))
                .map(Map.Entry::getValue)
                .toList();
    }

    /// All processes but those of ingest.
    List<ServerProcess> behindTheLog() {
        List<ServerProcess> ingests = ingests();
        return running.values().stream()
                .filter(process -> !ingests.contains(process))
                .toList();
    }

    Path dataFolder() {
        return folder.resolve("data");
    }

    /// The public port.
    int port() {
        return port;
    }

    int queryPort() {
        return queryPort;
    }

    String databaseUrl() throws IOException {
        return foreignDatabase != null
                ? foreignDatabase
                : Files.readString(dataFolder().resolve("database.url")).strip();
    }

    /// A connection pool on the product's database.
    Database connect() throws IOException {
        return Database.connect(DatabaseSettings.of(databaseUrl()), "benchmark", 1);
    }

    /// Waits until the database has so many clicks in all.
    void awaitClicks(Connection connection, long clicks) throws SQLException {
        long startNs = System.nanoTime();
        long counted = clicks(connection);
        while (counted != clicks) {
            if (System.nanoTime() - startNs > MAX_CATCH_UP.toNanos()) {
                throw new IllegalStateException(
                        "%d clicks were acknowledged, %d are in the database.".formatted(clicks, counted));
            }
            LockSupport.parkNanos(10_000_000);
            counted = clicks(connection);
        }
    }

    private static long clicks(Connection connection) throws SQLException {
        try (PreparedStatement select =
                        connection.prepareStatement("select coalesce(sum(clicks), 0) from banner_minute");
                ResultSet row = select.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    /// Compares the rows with the 204s, banner by banner.
    ///
    /// @param acknowledged of the banners from [ClickScript#FIRST_BANNER] on
    void verify(long[] acknowledged) throws IOException, SQLException {
        long[] counted = new long[acknowledged.length];
        // Whatever its schema: it may be of another commit.
        try (Connection connection = DatabaseSettings.of(databaseUrl())
                .url()
                .dataSource("benchmark", Duration.ZERO)
                .getConnection()) {
            long all = 0;
            for (long clicks : acknowledged) {
                all += clicks;
            }
            awaitClicks(connection, all);
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

    /// Stops everything, ingest first, and deletes the data; what the processes have printed stays.
    @Override
    public void close() throws IOException {
        for (ServerProcess process : List.copyOf(running.values()).reversed()) {
            process.close();
        }
        if (!Files.exists(dataFolder())) {
            return;
        }
        try (var files = Files.walk(dataFolder())) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
