package clickcounter.testing;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/// A new, empty database on a real PostgreSQL; closing drops it, even if clients are connected.
///
/// **Threads**: any.
///
/// **Cost**: the first database of a JVM starts the server, which takes a second or two; each other takes some 50
/// ms.
public final class TestDatabase implements AutoCloseable {
    private static final AtomicInteger NUMBERS = new AtomicInteger();
    private static final String CLICKS = "select coalesce(sum(clicks), 0) from banner_minute";
    private static final Duration MAX_COUNTING = Duration.ofMinutes(5);

    private final TestServer server;
    private final String name;

    private TestDatabase(TestServer server, String name) {
        this.server = server;
        this.name = name;
    }

    /// Creates the database, and starts the server when this is the first.
    public static TestDatabase create() {
        TestServer server = TestServer.get();
        String name = "test_" + NUMBERS.incrementAndGet();
        execute(dataSource(server, "postgres"), "create database " + name);
        return new TestDatabase(server, name);
    }

    /// The value for `DATABASE_URL`.
    public String url() {
        return "postgres://%s:%s@%s:%d/%s"
                .formatted(server.user(), server.password(), server.host(), server.port(), name);
    }

    /// A source that opens a new connection each time.
    public DataSource dataSource() {
        return dataSource(server, name);
    }

    /// A new connection; the caller closes it.
    public Connection connect() throws SQLException {
        return dataSource().getConnection();
    }

    /// How many clicks are counted in it.
    public long clicks() {
        return number(CLICKS);
    }

    /// Waits until this many clicks are counted in it.
    public void awaitClicks(long clicks) {
        Await.until("the database has %d clicks".formatted(clicks), MAX_COUNTING, () -> clicks() == clicks);
    }

    /// Runs statements that change the database.
    public void execute(String sql) {
        execute(dataSource(), sql);
    }

    /// The number in the first column of the first row.
    public long number(String query) {
        try (Connection connection = connect()) {
            return number(connection, query);
        } catch (SQLException failure) {
            throw new IllegalStateException("The test server refused: " + query, failure);
        }
    }

    /// How many clicks are counted in the database of any connection.
    public static long clicks(Connection connection) throws SQLException {
        return number(connection, CLICKS);
    }

    /// The number in the first column of the first row, over any connection.
    public static long number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }

    @Override
    public void close() {
        execute(dataSource(server, "postgres"), "drop database if exists " + name + " with (force)");
    }

    private static void execute(DataSource dataSource, String sql) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            throw new IllegalStateException("The test server refused: " + sql, failure);
        }
    }

    private static PGSimpleDataSource dataSource(TestServer server, String database) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {server.host()});
        dataSource.setPortNumbers(new int[] {server.port()});
        dataSource.setUser(server.user());
        dataSource.setPassword(server.password());
        dataSource.setDatabaseName(database);
        return dataSource;
    }
}
