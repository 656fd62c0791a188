package clickcounter.migrations;

import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A pool of connections to a database that has the schema that this release needs.
///
/// **Threads**: any.
public final class Database implements AutoCloseable {
    /// How long a thread waits for a connection, whether a free one of the pool or a new one to the server. It
    /// is short so that the caller can soon say that the database does not answer.
    public static final Duration ACQUIRE_TIMEOUT = Duration.ofSeconds(3);

    /// How long a connection of the pool may take to prove that it still works; after that, another one is
    /// taken.
    private static final Duration VALIDATE_TIMEOUT = Duration.ofSeconds(1);

    /// How much longer the client waits than the server may take, so that the clear answer of the server comes
    /// first.
    private static final Duration CLIENT_GRACE = Duration.ofSeconds(5);

    /// When a connection is replaced, so that a changed address or a new primary is found.
    private static final Duration MAX_LIFETIME = Duration.ofMinutes(15);

    private final DatabaseUrl url;
    private final HikariDataSource pool;

    private Database(DatabaseUrl url, HikariDataSource pool) {
        this.url = url;
        this.pool = pool;
    }

    /// Connects and checks the schema, in a process that nobody needs to stop in order.
    public static Database connect(DatabaseSettings settings, String applicationName, int poolSize) {
        return connect(settings, applicationName, poolSize, new Lifetime());
    }

    /// Connects and checks the schema. Waits up to `DATABASE_START_TIMEOUT` for a database that does not answer
    /// yet, until `lifetime` ends.
    ///
    /// @param applicationName what `pg_stat_activity` shows
    /// @param poolSize maximum number of connections
    ///
    /// **Errors**: [StartFailure] when the database cannot be used or has another schema; nothing stays open.
    public static Database connect(DatabaseSettings settings, String applicationName, int poolSize, Lifetime lifetime) {
        // The first connection may take longer than one of the pool, and its failure says what is wrong.
        try (Connection connection = FirstConnection.open(
                settings, settings.url().dataSource(applicationName, silence(settings)), lifetime)) {
            String problem = schemaProblem(connection, settings.url());
            if (problem != null) {
                throw new StartFailure(problem);
            }
        } catch (SQLException failure) {
            throw ConnectFailure.explain(settings, failure);
        }
        return new Database(settings.url(), open(settings, applicationName, poolSize));
    }

    /// How long the client waits for an answer of the server.
    static Duration silence(DatabaseSettings settings) {
        return settings.timeout().plus(CLIENT_GRACE);
    }

    private static HikariDataSource open(DatabaseSettings settings, String applicationName, int poolSize) {
        var config = new HikariConfig();
        config.setPoolName(applicationName);
        config.setDataSource(settings.url().dataSource(applicationName, silence(settings)));
        config.setMaximumPoolSize(poolSize);
        config.setConnectionTimeout(ACQUIRE_TIMEOUT.toMillis());
        config.setValidationTimeout(VALIDATE_TIMEOUT.toMillis());
        config.setMaxLifetime(MAX_LIFETIME.toMillis());
        config.setInitializationFailTimeout(-1); // one connection has worked
        config.setConnectionInitSql(limits(settings.timeout()));
        return new HikariDataSource(config);
    }

    /// What a new connection executes first: the server also gives up what the client no longer waits for.
    /// Otherwise the locks of a lost client would stay.
    static String limits(Duration timeout) {
        long timeoutMs = timeout.toMillis();
        return "set statement_timeout = %d; set idle_in_transaction_session_timeout = %d"
                .formatted(timeoutMs, timeoutMs);
    }

    /// What is wrong with the schema, as a sentence with the command that fixes it; null when it is the one that
    /// this release needs.
    public @Nullable String schemaProblem() throws SQLException {
        try (Connection connection = pool.getConnection()) {
            return schemaProblem(connection, url);
        }
    }

    /// Asks the database for the time.
    public DatabaseTime time() throws SQLException {
        return ask(DatabaseTime::of);
    }

    static @Nullable String schemaProblem(Connection connection, DatabaseUrl url) throws SQLException {
        SchemaHistory history = SchemaHistory.read(connection);
        int needed = Migrations.in(Migrations.FOLDER).newest();
        if (history.hasFailed()) {
            return "A migration of the database %s has failed halfway: see ./migrate.sh -status and -fix."
                    .formatted(url);
        }
        if (history.version() < needed) {
            return "The schema of the database %s has version %d, this release needs %d: run ./migrate.sh -up."
                    .formatted(url, history.version(), needed);
        }
        if (history.version() > needed) {
            return """
                    The schema of the database %s has version %d, this release knows only %d: install the newer \
                    release, or take the schema back with that one's ./migrate.sh -goto %d.\
                    """.formatted(url, history.version(), needed, needed);
        }
        return null;
    }

    /// The state of the pool at one moment.
    ///
    /// @param inUse connections that are in use
    /// @param idle connections that are free
    /// @param waiting threads that wait for a connection
    public record Connections(int inUse, int idle, int waiting) {}

    /// The state of the pool now.
    public Connections connections() {
        HikariPoolMXBean seen = pool.getHikariPoolMXBean();
        return new Connections(
                seen.getActiveConnections(), seen.getIdleConnections(), seen.getThreadsAwaitingConnection());
    }

    /// What the database or its driver says about a failure, on one line, for log lines and messages.
    public static String describe(SQLException failure) {
        // The pool's own message is about the pool; the cause says why it has no connection.
        Throwable cause = failure.getCause();
        boolean isOfPool = failure instanceof SQLTransientConnectionException;
        return ConnectFailure.oneLine(isOfPool && cause != null ? cause : failure);
    }

    /// A question that one connection in auto-commit mode answers.
    @FunctionalInterface
    public interface Question<T> {
        T ask(Connection connection) throws SQLException;
    }

    /// Asks over a connection of the pool, which may be asked twice. The pool does not try a connection that was
    /// used just before, so one that was lost since then is found here, and the question is asked over a new one.
    ///
    /// **Errors**: [SQLException] when the database does not answer, or when there is no connection within
    /// [#ACQUIRE_TIMEOUT].
    public <T> T ask(Question<T> question) throws SQLException {
        Connection connection = pool.getConnection();
        try (connection) {
            return question.ask(connection);
        } catch (SQLException failure) {
            if (!ConnectFailure.isOfLostConnection(failure)) {
                throw failure;
            }
        }
        pool.getHikariPoolMXBean().softEvictConnections(); // the others are probably lost, too
        try (Connection another = pool.getConnection()) {
            return question.ask(another);
        }
    }

    /// Takes a connection in auto-commit mode from the pool; closing it gives it back.
    ///
    /// **Errors**: [SQLException] when there is none within [#ACQUIRE_TIMEOUT].
    public Connection connection() throws SQLException {
        return pool.getConnection();
    }

    @Override
    public void close() {
        pool.close();
    }
}
