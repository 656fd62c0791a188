package clickcounter.counts;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// With this, any thread can cancel what another thread asks [BannerCounts].
///
/// **Threads**: any.
public final class Cancellation {
    private static final Logger logger = LoggerFactory.getLogger(Cancellation.class);
    private static final ScopedValue<Cancellation> CURRENT = ScopedValue.newInstance();

    /// PostgreSQL's code for a statement that was cancelled.
    private static final String QUERY_CANCELED = "57014";

    /// PostgreSQL ignores what arrives between two statements, so the next one is cancelled after this time.
    private static final long REPEAT_MS = Duration.ofSeconds(1).toMillis();

    private @Nullable Connection asking; // guarded by this, like the next
    private boolean isCancelled;

    /// Runs `work`, whose statements [#cancel] cancels.
    ///
    /// **Errors**: what `work` throws; [SQLException] if it is cancelled already.
    public <T> T run(Callable<T> work) throws Exception {
        requireNotCancelled();
        return ScopedValue.where(CURRENT, this).call(work::call);
    }

    /// Cancels the statement that runs, and refuses all later ones. Returns when no statement runs any more, or
    /// when the database cannot be told.
    ///
    /// **Cost**: a connection to the database, if a statement runs.
    public synchronized void cancel() {
        isCancelled = true;
        try {
            while (asking != null) {
                asking.unwrap(PGConnection.class).cancelQuery();
                wait(REPEAT_MS);
            }
        } catch (SQLException failure) {
            logger.warn(
                    "a statement for a client that has gone runs until DATABASE_TIMEOUT, because it cannot be cancelled: {}",
                    failure.getMessage());
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        }
    }

    /// Lets the statements of a connection be cancelled until what is returned is closed. Afterwards they are those
    /// of another question.
    ///
    /// **Errors**: [SQLException] if the question is cancelled already.
    static Asking asks(Connection connection) throws SQLException {
        if (!CURRENT.isBound()) {
            return () -> {};
        }
        Cancellation current = CURRENT.get();
        current.begin(connection);
        return current::end;
    }

    /// The time in which a connection is used.
    interface Asking extends AutoCloseable {
        @Override
        void close();
    }

    private synchronized void begin(Connection connection) throws SQLException {
        requireNotCancelled();
        asking = connection;
    }

    private synchronized void requireNotCancelled() throws SQLException {
        if (isCancelled) {
            throw new SQLException("the clients have gone", QUERY_CANCELED);
        }
    }

    private synchronized void end() {
        asking = null;
        notifyAll();
    }
}
