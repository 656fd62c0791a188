package clickcounter.testing;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/// A fresh, empty database on a real PostgreSQL, one for each test class; closing drops it, whoever is
/// connected.
///
/// **Threads**: any.
///
/// **Cost**: the first one of a JVM starts the server, which takes a second or two; the others some 50 ms.
public final class TestDatabase implements AutoCloseable {
    private static final AtomicInteger NUMBERS = new AtomicInteger();

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
        execute(server, "create database " + name);
        return new TestDatabase(server, name);
    }

    /// What one would set `DATABASE_URL` to.
    public String url() {
        return "postgres://%s:%s@%s:%d/%s"
                .formatted(server.user(), server.password(), server.host(), server.port(), name);
    }

    /// Opens a connection of its own each time.
    public DataSource dataSource() {
        return dataSource(server, name);
    }

    /// A new connection; the caller closes it.
    public Connection connect() throws SQLException {
        return dataSource().getConnection();
    }

    @Override
    public void close() {
        execute(server, "drop database if exists " + name + " with (force)");
    }

    private static void execute(TestServer server, String sql) {
        try (Connection connection = dataSource(server, "postgres").getConnection();
                var statement = connection.createStatement()) {
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
