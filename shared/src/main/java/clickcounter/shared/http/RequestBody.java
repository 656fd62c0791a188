package clickcounter.shared.http;

import io.helidon.common.buffers.DataReader.IncorrectNewLineException;
import io.helidon.common.buffers.DataReader.InsufficientDataAvailableException;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.function.Supplier;

/// Reads the bodies of requests.
///
/// **Errors**: what breaks off or cannot be read ends the connection; Helidon would take it for an error of the
/// server and log it each time with a stack trace.
public final class RequestBody {
    private RequestBody() {}

    /// The body as an object of `type`, made by the media support of the server.
    public static <T> T as(ServerRequest request, Class<T> type) {
        return guarded(() -> request.content().as(type));
    }

    /// Reads the body to its end and drops it.
    public static void skip(ServerRequest request) {
        if (request.content().hasEntity()) {
            // Not consume(): it would not ask for a body that the client sends only when it is asked to.
            guarded(() -> {
                try {
                    return request.content().inputStream().transferTo(OutputStream.nullOutputStream());
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
        }
    }

    private static <T> T guarded(Supplier<T> reading) {
        try {
            return reading.get();
        } catch (InsufficientDataAvailableException brokenOff) {
            throw new CloseConnectionException("the client is gone", brokenOff);
        } catch (NumberFormatException | IncorrectNewLineException damagedChunks) {
            throw RequestException.builder()
                    .type(EventType.BAD_REQUEST)
                    .status(Status.BAD_REQUEST_400)
                    .message(
                            "The body's chunks cannot be told apart: the size of one is not a hexadecimal number, or its line does not end with CR and LF.")
                    .setKeepAlive(false)
                    .build();
        }
    }
}
