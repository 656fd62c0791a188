package clickcounter.endtoend;

import clickcounter.shared.Program;
import clickcounter.testing.Await;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.postgresql.ds.PGSimpleDataSource;

/// The embedded PostgreSQL as an operator runs it, which really waits for the disk, and the means to break it.
///
/// **Threads**: any; one at a time breaks it.
final class DatabaseProcess implements AutoCloseable {
    private static final String SUPERUSER = "postgres";

    private final Path dataFolder;
    private final TestProcess process;
    private final URI url;

    private DatabaseProcess(Path folder) {
        dataFolder = folder.resolve("data");
        process = TestProcess.start(
                "database",
                folder.resolve("output"),
                Map.of("DATA_DIR", dataFolder.toAbsolutePath().toString(), "LOGGING_FORMAT", "text"),
                Program.DATABASE.command(TestProcess.ROOT));
        try {
            process.awaitReady();
            url = URI.create(
                    Files.readString(dataFolder.resolve("database.url")).strip());
        } catch (IOException failure) {
            process.close();
            throw new UncheckedIOException(failure);
        } catch (AssertionError failure) {
            process.close();
            throw failure;
        }
    }

    /// Starts the database; returns when it answers. It keeps its port over all its starts.
    ///
    /// @param folder the test's; the data is in `data` below it
    static DatabaseProcess start(Path folder) {
        return new DatabaseProcess(folder);
    }

    /// Our own process, which starts PostgreSQL and watches it.
    TestProcess process() {
        return process;
    }

    String url() {
        return url.toString();
    }

    /// Ends PostgreSQL itself as `kill -9` does.
    void killPostmaster() {
        TestProcess.signal("KILL", List.of(postmaster()));
    }

    /// Freezes all processes of PostgreSQL; what is returned lets them go on.
    Runnable freeze() {
        long postmaster = postmaster();
        List<Long> frozen = new ArrayList<>(List.of(postmaster));
        // First the process that starts the others.
        TestProcess.signal("STOP", frozen);
        ProcessHandle.of(postmaster).stream()
                .flatMap(ProcessHandle::descendants)
                .forEach(child -> frozen.add(child.pid()));
        TestProcess.signal("STOP", frozen);
        return () -> TestProcess.signal("CONT", frozen);
    }

    private long postmaster() {
        try {
            return Long.parseLong(Files.readAllLines(postmasterFile()).getFirst());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private Path postmasterFile() {
        return dataFolder.resolve("postgres").resolve("postmaster.pid");
    }

    /// Allows or forbids all clients to write, from now on and over restarts.
    void setReadOnly(boolean isReadOnly) throws SQLException {
        try (Connection connection = superuser();
                var statement = connection.createStatement()) {
            statement.execute(
                    isReadOnly
                            ? "alter system set default_transaction_read_only = on"
                            : "alter system reset default_transaction_read_only");
            statement.execute("select pg_reload_conf()");
        }
    }

    /// Ends all connections of the service.
    void endConnectionsOfTheService() throws SQLException {
        try (Connection connection = superuser();
                var statement = connection.createStatement()) {
            statement.execute("select pg_terminate_backend(pid) from pg_stat_activity"
                    + " where application_name like 'click%counter-%'");
        }
    }

    /// A connection with the service's user; the caller closes it.
    Connection connect() throws SQLException {
        String[] userAndPassword = url.getUserInfo().split(":", 2);
        return connect(userAndPassword[0], userAndPassword[1], url.getPath().substring(1));
    }

    /// A connection that is available even when the other users have taken all of theirs.
    private Connection superuser() throws SQLException {
        try {
            String password = Files.readString(dataFolder.resolve("database.password"));
            return connect(SUPERUSER, password.strip(), SUPERUSER);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private Connection connect(String user, String password, String database) throws SQLException {
        var dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {url.getHost()});
        dataSource.setPortNumbers(new int[] {url.getPort()});
        dataSource.setUser(user);
        dataSource.setPassword(password);
        dataSource.setDatabaseName(database);
        dataSource.setApplicationName("test");
        return dataSource.getConnection();
    }

    /// All counts in the database: banner → minute since 1970 → clicks.
    Map<Long, Map<Long, Long>> counts() throws SQLException {
        try (Connection connection = connect()) {
            return counts(connection);
        }
    }

    /// All counts in any database: banner → minute since 1970 → clicks.
    static Map<Long, Map<Long, Long>> counts(Connection connection) throws SQLException {
        Map<Long, Map<Long, Long>> counts = new TreeMap<>();
        try (var statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select banner_id, extract(epoch from minute)::bigint / 60, clicks from banner_minute")) {
            while (row.next()) {
                counts.computeIfAbsent(row.getLong(1), _ -> new TreeMap<>()).put(row.getLong(2), row.getLong(3));
            }
        }
        return counts;
    }

    /// Waits until the database has this many clicks, which it has when the aggregator has counted the whole log.
    void awaitClicks(long clicks) {
        Await.until("the database has %d clicks".formatted(clicks), () -> {
            try (Connection connection = connect()) {
                return TestDatabase.clicks(connection) == clicks;
            }
        });
    }

    /// Stops the process, and kills a PostgreSQL that has outlived it.
    @Override
    public void close() {
        if (process.isAlive()) {
            process.stop();
        }
        if (Files.exists(postmasterFile())) {
            TestProcess.signal("KILL", List.of(postmaster()));
        }
    }
}
