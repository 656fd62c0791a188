package clickcounter.endtoend;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A keep-alive connection to the service that sends one click after another.
///
/// **Threads**: one.
final class ClickClient implements AutoCloseable {
    private static final Duration MAX_WAIT = Duration.ofSeconds(10);

    private final Socket socket = new Socket();
    private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    private final InputStream in;

    /// **Errors**: [IOException] when nothing listens.
    ClickClient(int port) throws IOException {
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout((int) MAX_WAIT.toMillis());
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) MAX_WAIT.toMillis());
            in = new BufferedInputStream(socket.getInputStream());
        } catch (IOException failure) {
            socket.close();
            throw failure;
        }
    }

    /// Sends one click and returns the status of its answer.
    ///
    /// **Errors**: [IOException] when there is no answer; the click may have been counted or not.
    int click(long bannerId) throws IOException {
        return send("GET /v1/banners/counter/%d HTTP/1.1\r\nHost: localhost\r\n\r\n".formatted(bannerId));
    }

    /// Sends one click whose head arrives in two pieces, as that of a browser with many cookies may.
    int clickInTwoPieces(long bannerId) throws IOException {
        write("GET /v1/banners/counter/%d HTTP/1.1\r\nHo".formatted(bannerId));
        return send("st: localhost\r\n\r\n");
    }

    /// Sends one click as a page does with `navigator.sendBeacon`, and returns the status of its answer.
    int beacon(long bannerId) throws IOException {
        return send("POST /v1/banners/counter/%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nseen"
                .formatted(bannerId));
    }

    /// Asks as a browser does before a page may send a click that is not a simple one, and returns the status of the
    /// answer. It comes from Helidon.
    int preflight(long bannerId) throws IOException {
        return send("OPTIONS /v1/banners/counter/%d HTTP/1.1\r\nHost: localhost\r\n\r\n".formatted(bannerId));
    }

    private void write(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private int send(String request) throws IOException {
        write(request);
        int status = Integer.parseInt(readLine().split(" ", 3)[1]);
        headers.clear();
        for (String line = readLine(); !line.isEmpty(); line = readLine()) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
        }
        in.skipNBytes(Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
        return status;
    }

    /// Whether the server said in its last answer that it closes the connection.
    boolean isClosing() {
        return header("Connection").orElse("").equals("close");
    }

    /// A header of the last answer.
    Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }

    private String readLine() throws IOException {
        var line = new StringBuilder();
        for (int character = in.read(); character != '\n'; character = in.read()) {
            if (character < 0) {
                throw new EOFException("The connection was closed before the answer.");
            }
            if (character != '\r') {
                line.append((char) character);
            }
        }
        return line.toString();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException closed) {
            // The connection is gone, as it should be.
        }
    }
}
