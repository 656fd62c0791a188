package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// A connection that sends exactly the bytes it is told to, which a proper HTTP client would not, and reads
/// answers. Characters are bytes (ISO 8859-1).
///
/// **Threads**: one.
final class HttpConnection implements AutoCloseable {
    private static final int MAX_WAIT_MS = 5_000;

    private final Socket socket;
    private final InputStream in;

    /// An answer; header names are in lower case.
    record Answer(int status, Map<String, String> headers, String body) {
        String header(String name) {
            return headers.getOrDefault(name, "");
        }

        boolean isProblem() {
            return header("content-type").equals("application/problem+json")
                    && body.startsWith("{\"type\":\"about:blank\",\"title\":\"")
                    && body.contains("\"status\":" + status + ",");
        }

        /// The sentence in the body of a problem.
        String detail() {
            return body.replaceAll("(?s).*\"detail\":\"(.*)\"}", "$1").replace("\\\"", "\"");
        }
    }

    private HttpConnection(Socket socket) throws IOException {
        this.socket = socket;
        in = new BufferedInputStream(socket.getInputStream());
    }

    static HttpConnection to(int port) {
        try {
            var socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(MAX_WAIT_MS);
            socket.setTcpNoDelay(true);
            return new HttpConnection(socket);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Sends the text as it is.
    HttpConnection send(String text) {
        try {
            socket.getOutputStream().write(text.getBytes(ISO_8859_1));
            return this;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Sends a request with these headers, each a line, and no body.
    HttpConnection request(String methodAndTarget, String... headers) {
        var text = new StringBuilder(methodAndTarget).append(" HTTP/1.1\r\nHost: localhost\r\n");
        for (String header : headers) {
            text.append(header).append("\r\n");
        }
        return send(text.append("\r\n").toString());
    }

    /// The next answer, interim ones (100) included.
    Answer answer() {
        return answer(true);
    }

    /// The next answer up to the empty line, as it is.
    String headers() {
        var headers = new StringBuilder();
        try {
            while (headers.indexOf("\r\n\r\n") < 0) {
                headers.append(read(1));
            }
            return headers.toString();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// The next answer when it is to a `HEAD`: its headers announce a body that does not come.
    Answer answerWithoutBody() {
        return answer(false);
    }

    private Answer answer(boolean mayHaveBody) {
        try {
            int status = Integer.parseInt(readLine().split(" ", 3)[1]);
            var headers = new HashMap<String, String>();
            for (String line = readLine(); !line.isEmpty(); line = readLine()) {
                int colon = line.indexOf(':');
                headers.merge(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip(),
                        (first, second) -> first + ", " + second);
            }
            boolean hasBody = mayHaveBody && status >= 200 && status != 204 && status != 304;
            return new Answer(status, headers, hasBody ? readBody(headers) : "");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Says that nothing more will be sent.
    void endOutput() {
        try {
            socket.shutdownOutput();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Waits for the server's next byte or for the end. Returns whether it was the end.
    boolean isClosedByServer() {
        try {
            return in.read() == -1;
        } catch (SocketException reset) {
            return true;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// All that the server sends until it closes the connection.
    String rest() {
        var rest = new ByteArrayOutputStream();
        try {
            in.transferTo(rest);
        } catch (SocketException reset) {
            // That is an end, too.
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return rest.toString(ISO_8859_1);
    }

    /// Closes the connection such that the server sees it reset.
    void reset() {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private String readBody(Map<String, String> headers) throws IOException {
        if (!headers.getOrDefault("transfer-encoding", "").equals("chunked")) {
            return read(Integer.parseInt(headers.getOrDefault("content-length", "0")));
        }
        var body = new StringBuilder();
        for (int length = -1; length != 0; ) {
            length = Integer.parseInt(readLine(), 16);
            body.append(read(length));
            readLine();
        }
        return body.toString();
    }

    private String read(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("the answer ends after %d of %d bytes".formatted(bytes.length, length));
        }
        return new String(bytes, ISO_8859_1);
    }

    private String readLine() throws IOException {
        var line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next == -1) {
                throw new EOFException("the server closed the connection after \"" + line + "\"");
            }
            line.write(next);
        }
        return line.toString(ISO_8859_1).stripTrailing();
    }
}
