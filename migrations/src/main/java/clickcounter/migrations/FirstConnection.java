package clickcounter.migrations;

import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens the first connection of a start. The database may be starting too, and the machine may be busy, so
/// whatever may pass by itself is tried again for `DATABASE_START_TIMEOUT`.
final class FirstConnection {
    private static final Logger logger = LoggerFactory.getLogger(FirstConnection.class);
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration BETWEEN_WARNINGS = Duration.ofSeconds(10);

    private FirstConnection() {}

    /// Returns the first connection that works.
    ///
    /// **Errors**: [StartFailure] that says what is wrong: at once if it cannot pass by itself or if `lifetime`
    /// ends, else after the timeout.
    static Connection open(DatabaseSettings settings, PGSimpleDataSource source, Lifetime lifetime) {
        long beginNs = System.nanoTime();
        long nextWarningNs = beginNs;
        while (true) {
            try {
                return source.getConnection();
            } catch (SQLException failure) {
                StartFailure explained = ConnectFailure.explain(settings, failure);
                long nowNs = System.nanoTime();
                boolean isTooLate = nowNs - beginNs >= settings.startTimeout().toNanos();
                if (isTooLate || !mayPass(failure) || lifetime.await(PAUSE).isPresent()) {
                    throw explained;
                }
                if (nowNs - nextWarningNs >= 0) {
                    logger.warn(
                            "waiting up to {} s for the database: {}",
                            settings.startTimeout().toSeconds(),
                            explained.getMessage());
                    nextWarningNs = nowNs + BETWEEN_WARNINGS.toNanos();
                }
            }
        }
    }

    /// Whether the same attempt may succeed later, although nobody changes a setting.
    private static boolean mayPass(SQLException failure) {
        return switch (Objects.requireNonNullElse(failure.getSQLState(), "")) {
            case "08001", "08006" -> !ConnectFailure.isOfTls(failure); // not reached, or the connection was lost
            case "53300", "57P03" -> true; // no connection is left, the server is starting
            default -> false;
        };
    }
}
