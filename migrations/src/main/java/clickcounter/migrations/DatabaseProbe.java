package clickcounter.migrations;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/// One connection of its own that finds out whether the database answers, even while all connections of a pool
/// are busy. After a failure, the next question connects again at once. A pool would wait longer and longer
/// between its attempts, and would report a database as away for seconds after its return.
///
/// **Threads**: any; one question at a time.
public final class DatabaseProbe implements AutoCloseable {
    private final DatabaseUrl url;
    private final PGSimpleDataSource source;
    private final Duration timeout;
    private @Nullable Connection connection;

    /// Connects with the first question.
    ///
    /// @param applicationName what `pg_stat_activity` shows
    public DatabaseProbe(DatabaseSettings settings, String applicationName) {
        url = settings.url();
        source = url.dataSource(applicationName, Database.silence(settings));
        timeout = settings.timeout();
    }

    /// Asks the database. If the connection was lost since the last question, it asks over a new one: the database
    /// may have been away and come back in between.
    ///
    /// **Errors**: [SQLException] when it does not answer.
    public synchronized <T> T ask(Database.Question<T> question) throws SQLException {
        boolean isUsed = connection != null;
        try {
            return question.ask(connection());
        } catch (SQLException failure) {
            close();
            if (isUsed && ConnectFailure.isOfLostConnection(failure)) {
                return ask(question);
            }
            throw failure;
        }
    }

    /// As [Database#schemaProblem()].
    public @Nullable String schemaProblem() throws SQLException {
        return ask(asked -> Optional.ofNullable(Database.schemaProblem(asked, url)))
                .orElse(null);
    }

    private Connection connection() throws SQLException {
        Connection open = connection;
        if (open == null) {
            open = source.getConnection();
            connection = open;
            try (Statement statement = open.createStatement()) {
                statement.execute(Database.limits(timeout));
            }
        }
        return open;
    }

    @Override
    public synchronized void close() {
        if (connection == null) {
            return;
        }
        try {
            connection.close();
        } catch (SQLException _) {
            // It is given up because it does not work.
        }
        connection = null;
    }
}
