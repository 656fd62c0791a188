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
/// **Errors**: a body that breaks off or cannot be read ends the connection. Helidon would take it for an error
/// of the server and log a stack trace each time.
public final class RequestBody {
    private RequestBody() {}

    /// Returns the body as an object of `type`, which the media support of the server creates.
    public static <T> T as(ServerRequest request, Class<T> type) {
        return guarded(() -> request.content().as(type));
    }

    public static void skip(ServerRequest request) {
        if (request.content().hasEntity()) {
            // consume() would not ask a client that expects "100 Continue" for its body.
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
            throw new CloseConnectionException("the client has disconnected", brokenOff);
        } catch (NumberFormatException | IncorrectNewLineException damagedChunks) {
            throw RequestException.builder()
                    .type(EventType.BAD_REQUEST)
                    .status(Status.BAD_REQUEST_400)
                    .message(
                            "The chunks of the body cannot be read: the size of one is not a hexadecimal number, or its line does not end with CR and LF.")
                    .setKeepAlive(false)
                    .build();
        }
    }
}
