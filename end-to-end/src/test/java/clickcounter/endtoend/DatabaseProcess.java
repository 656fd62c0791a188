package clickcounter.endtoend;

import clickcounter.endtoend.ServiceProcess.Program;
import clickcounter.testing.Await;
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

/// The embedded PostgreSQL as an operator runs it, which waits for the disk as it does in earnest, with all
/// that a test needs to break it.
///
/// **Threads**: any; one at a time breaks it.
final class DatabaseProcess implements AutoCloseable {
    private static final String SUPERUSER = "postgres";

    private final Path dataFolder;
    private final ServiceProcess process;
    private final URI url;

    private DatabaseProcess(Path folder) {
        dataFolder = folder.resolve("data");
        process = new ServiceProcess("database", Program.DATABASE, folder, Map.of());
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

    /// Returns when it answers. It keeps its port over all its starts.
    ///
    /// @param folder the test's
    static DatabaseProcess start(Path folder) {
        return new DatabaseProcess(folder);
    }

    /// Our own process, which starts PostgreSQL and watches it.
    ServiceProcess process() {
        return process;
    }

    String url() {
        return url.toString();
    }

    /// As `kill -9` does to PostgreSQL itself.
    void killPostmaster() {
        ServiceProcess.signal("KILL", List.of(postmaster()));
    }

    /// Stops PostgreSQL's processes where they are, all of them; returns how to let them go on.
    Runnable freeze() {
        long postmaster = postmaster();
        List<Long> frozen = new ArrayList<>(List.of(postmaster));
        // First the one that makes others.
        ServiceProcess.signal("STOP", frozen);
        ProcessHandle.of(postmaster).stream()
                .flatMap(ProcessHandle::descendants)
                .forEach(child -> frozen.add(child.pid()));
        ServiceProcess.signal("STOP", frozen);
        return () -> ServiceProcess.signal("CONT", frozen);
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

    /// Whether transactions may write, for all who connect, from now on and over restarts.
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

    /// A connection as the service has them; the caller closes it.
    Connection connect() throws SQLException {
        String[] userAndPassword = url.getUserInfo().split(":", 2);
        return connect(userAndPassword[0], userAndPassword[1], url.getPath().substring(1));
    }

    /// There are some connections that only this user gets.
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

    /// All that is counted in the database: banner → minute since 1970 → clicks.
    Map<Long, Map<Long, Long>> counts() throws SQLException {
        try (Connection connection = connect()) {
            return counts(connection);
        }
    }

    /// The same from any database.
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

    /// Waits until the database has that many clicks, as it does when the aggregator has counted all of the
    /// log.
    void awaitClicks(long clicks) {
        Await.until("the database has %d clicks".formatted(clicks), () -> clicks() == clicks);
    }

    private long clicks() throws SQLException {
        try (Connection connection = connect();
                var statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select coalesce(sum(clicks), 0) from banner_minute")) {
            row.next();
            return row.getLong(1);
        }
    }

    /// Also ends a PostgreSQL that has outlived its process.
    @Override
    public void close() {
        if (process.isAlive()) {
            process.stop();
        }
        if (Files.exists(postmasterFile())) {
            ServiceProcess.signal("KILL", List.of(postmaster()));
        }
    }
}
