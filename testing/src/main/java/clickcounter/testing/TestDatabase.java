package clickcounter.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.util.ArchUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/// A new, empty database on a real PostgreSQL; closing drops it, even if clients are connected.
///
/// **Threads**: any.
///
/// **Cost**: the first database of a JVM starts the server, which takes a second or two; each other takes some 50
/// ms.
public final class TestDatabase implements AutoCloseable {
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    /// The user, its password, and its own database.
    private static final String SUPERUSER = "postgres";

    private static final String CLICKS = "select coalesce(sum(clicks), 0) from banner_minute";
    private static final Duration MAX_COUNTING = Duration.ofMinutes(5);

    private final String name;

    private TestDatabase(String name) {
        this.name = name;
    }

    /// Holds the only server, from binaries that Maven downloads. A class is initialized once, so only one thread
    /// starts it. It stops with the JVM by a hook of its own, and removes its files. It need not survive a power
    /// failure, so it never waits for the disk.
    private static final class Server {
        private static final EmbeddedPostgres POSTGRES = start();

        private static EmbeddedPostgres start() {
            try {
                return EmbeddedPostgres.builder()
                        .setServerConfig("full_page_writes", "off")
                        .setPgBinaryResolver(Server::binaries)
                        .start();
            } catch (IOException failure) {
                throw new UncheckedIOException("The embedded PostgreSQL did not start.", failure);
            }
        }

        /// The archive with the binaries. The class path may have it twice, by Maven and by the manifest of our
        /// jar that brings it along, which the library's own resolver refuses.
        private static InputStream binaries(String system, String machine) throws IOException {
            for (String architecture : List.of(ArchUtils.normalize(machine), "x86_64")) {
                String archive = "/postgres-%s-%s.txz".formatted(system.toLowerCase(Locale.ROOT), architecture);
                InputStream found = Server.class.getResourceAsStream(archive);
                if (found != null) {
                    return found;
                }
            }
            throw new IOException("There are no PostgreSQL binaries for %s on %s.".formatted(system, machine));
        }
    }

    /// Creates the database, and starts the server when this is the first.
    public static TestDatabase create() {
        String name = "test_" + NUMBERS.incrementAndGet();
        execute(SUPERUSER, "create database " + name);
        return new TestDatabase(name);
    }

    /// The value for `DATABASE_URL`.
    public String url() {
        return "postgres://%1$s:%1$s@127.0.0.1:%2$d/%3$s".formatted(SUPERUSER, Server.POSTGRES.getPort(), name);
    }

    /// A new connection; the caller closes it.
    public Connection connect() throws SQLException {
        return connect(name);
    }

    private static Connection connect(String database) throws SQLException {
        return Server.POSTGRES.getDatabase(SUPERUSER, database).getConnection();
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
        execute(name, sql);
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
        execute(SUPERUSER, "drop database if exists " + name + " with (force)");
    }

    private static void execute(String database, String sql) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            throw new IllegalStateException("The test server refused: " + sql, failure);
        }
    }
}
