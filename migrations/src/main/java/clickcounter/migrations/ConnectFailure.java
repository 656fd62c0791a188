package clickcounter.migrations;

import clickcounter.shared.StartFailure;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/// Explains to the operator why the database cannot be used, in one line and without the password.
final class ConnectFailure {
    private ConnectFailure() {}

    static StartFailure explain(DatabaseSettings settings, SQLException failure) {
        return new StartFailure(
                "The database %s cannot be used: %s".formatted(settings.url(), reason(settings, failure)), failure);
    }

    private static String reason(DatabaseSettings settings, SQLException failure) {
        DatabaseUrl url = settings.url();
        if (isCausedBy(UnknownHostException.class, failure)) {
            return "there is no host of that name. Correct DATABASE_URL.";
        }
        if (isCausedBy(ConnectException.class, failure)) {
            return "nothing answers there. " + settings.wayOut();
        }
        if (isCausedBy(SocketTimeoutException.class, failure)) {
            return "no answer within %d s. %s".formatted(DatabaseUrl.CONNECT_TIMEOUT.toSeconds(), settings.wayOut());
        }
        if (isCausedBy(SSLException.class, failure)) {
            return "TLS failed (%s). Check sslmode and sslrootcert in DATABASE_URL."
                    .formatted(oneLine(rootOf(failure)));
        }
        if (isOfAnotherName(failure)) {
            return "the server's certificate is for another name. Correct the name in DATABASE_URL, or the certificate.";
        }
        return switch (Objects.requireNonNullElse(failure.getSQLState(), "")) {
            case "08004" -> oneLine(failure) + ". Correct DATABASE_URL."; // refused: no password, no TLS
            case "28P01" -> "the password of user %s is wrong. Correct DATABASE_URL.".formatted(url.user());
            case "28000" ->
                "the server does not let user %s in (%s). Correct DATABASE_URL or the server's pg_hba.conf."
                        .formatted(url.user(), oneLine(failure));
            case "3D000" ->
                "it does not exist. Create it (createdb %s), or correct DATABASE_URL.".formatted(url.database());
            case "53300" ->
                "the server has no connection left. Raise its max_connections, or lower DATABASE_POOL_SIZE.";
            case "57P03" -> "the server is starting or stopping. Try again.";
            default -> oneLine(failure) + ". " + settings.wayOut();
        };
    }

    /// Whether the two sides do not agree on how to encrypt.
    static boolean isOfTls(SQLException failure) {
        return isCausedBy(SSLException.class, failure) || isOfAnotherName(failure);
    }

    /// Whether a connection that was open has been closed by the server or the network, so that another one may
    /// work. A server that is only silent is not meant.
    static boolean isOfLostConnection(SQLException failure) {
        return switch (Objects.requireNonNullElse(failure.getSQLState(), "")) {
            case "08003", "08006" -> !isCausedBy(SocketTimeoutException.class, failure);
            case "57P01", "57P02" -> true; // the server stops, or has crashed
            default -> false;
        };
    }

    /// The driver gives this failure neither a cause nor a state of its own.
    private static boolean isOfAnotherName(SQLException failure) {
        return oneLine(failure).contains("hostnameverifier");
    }

    private static boolean isCausedBy(Class<? extends Throwable> type, Throwable failure) {
        return causes(failure).anyMatch(type::isInstance);
    }

    private static Throwable rootOf(Throwable failure) {
        return causes(failure).reduce(failure, (_, cause) -> cause);
    }

    private static Stream<Throwable> causes(Throwable failure) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause);
    }

    static String oneLine(Throwable failure) {
        String message = Objects.requireNonNullElse(
                failure.getMessage(), failure.getClass().getSimpleName());
        return message.strip().replaceAll("\\s*\\R\\s*", "; ").replaceAll("\\.$", "");
    }
}
