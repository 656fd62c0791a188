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

/// A connection that sends exactly the given bytes, which a real HTTP client would not, and reads answers.
/// Characters are bytes (ISO 8859-1).
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

        /// Returns the sentence in the body of a problem.
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

    /// Sends the text unchanged.
    HttpConnection send(String text) {
        try {
            socket.getOutputStream().write(text.getBytes(ISO_8859_1));
            return this;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Sends a request without a body. Each header is a whole line.
    HttpConnection request(String methodAndTarget, String... headers) {
        var text = new StringBuilder(methodAndTarget).append(" HTTP/1.1\r\nHost: localhost\r\n");
        for (String header : headers) {
            text.append(header).append("\r\n");
        }
        return send(text.append("\r\n").toString());
    }

    /// Sends a plain click. Returns the status of its answer.
    int click(long bannerId) {
        return request("GET /v1/banners/counter/" + bannerId).answer().status();
    }

    /// Returns the next answer, which may be an interim one (100).
    Answer answer() {
        return answer(true);
    }

    /// Returns the head of the next answer, unchanged, including the empty line.
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

    /// Returns the next answer, to a `HEAD`: its headers announce a body that does not follow.
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

    /// Tells the server that no more bytes follow.
    void endOutput() {
        try {
            socket.shutdownOutput();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Reads the server's next byte. Returns whether the connection has ended instead.
    boolean isClosedByServer() {
        try {
            return in.read() == -1;
        } catch (SocketException reset) {
            return true;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Returns everything that the server sends until it closes the connection.
    String rest() {
        var rest = new ByteArrayOutputStream();
        try {
            in.transferTo(rest);
        } catch (SocketException reset) {
            // The connection has ended, too.
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return rest.toString(ISO_8859_1);
    }

    /// Closes the connection in such a way that the server sees it reset.
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
