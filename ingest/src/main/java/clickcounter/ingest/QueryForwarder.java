package clickcounter.ingest;

import clickcounter.shared.http.Problem;
import clickcounter.shared.http.RequestBody;
import io.helidon.http.BadRequestException;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Forwards requests to the query process and returns its answers, so that one port serves the whole API if there
/// is no reverse proxy.
///
/// **Threads**: any.
final class QueryForwarder implements Handler, AutoCloseable {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);

    /// The headers of a request that query reads. All others only cost time, and a stranger may send very long ones.
    private static final Set<String> FORWARDED = Set.of(
            "accept",
            "accept-encoding",
            "access-control-request-method",
            "authorization",
            "content-type",
            "if-none-match",
            "origin");

    /// Headers of a single connection (RFC 9110, 7.6.1), and those that Helidon sets itself.
    private static final Set<String> NOT_PASSED_BACK = Set.of(
            "connection",
            "content-length",
            "keep-alive",
            "proxy-authenticate",
            "proxy-connection",
            "trailer",
            "transfer-encoding",
            "upgrade");

    /// The HTTP client sends no other values. Query needs none of them.
    private static final Pattern FORWARDED_VALUE = Pattern.compile("[\\t -~]*");

    private static final Pattern PATH = Pattern.compile("/[!-~]*");

    private static final int EVENT_BUFFER_BYTES = 8_192;

    static {
        // A kept connection may be closed by query at the moment when it is used again. All requests only ask, so each
        // may be sent again. The HTTP client reads this once.
        System.setProperty("jdk.httpclient.enableAllMethodRetry", "true");
    }

    private final URI query;
    private final RelayedClients clients;
    private volatile boolean isEnding;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();

    /// @param clients those whose requests are handled
    QueryForwarder(URI query, RelayedClients clients) {
        this.query = query;
        this.clients = clients;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) throws IOException {
        HttpRequest forwarded;
        try {
            forwarded = forwarded(request);
        } catch (BadRequestException refusal) {
            // If Helidon answered, it would log a stack trace whenever the client does not wait for the answer.
            new Problem(refusal.status(), String.valueOf(refusal.getMessage())).send(request, response);
            return;
        }
        try {
            HttpResponse<InputStream> answer = ask(forwarded, clients.of(request));
            try (InputStream body = answer.body()) {
                passBack(request, answer, body, response);
            }
        } catch (HttpTimeoutException timeout) {
            unavailable("The statistics did not answer in time.", request, response);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            unavailable("The server is stopping.", request, response);
        } catch (IOException unreachable) {
            unavailable("The statistics are not available at the moment; clicks are counted.", request, response);
        }
    }

    /// Waits until the answer begins. If the client goes away before, the connection to query is closed.
    ///
    /// **Errors**: [CloseConnectionException] if the client has gone, so that there is nobody to answer.
    private HttpResponse<InputStream> ask(HttpRequest forwarded, RelayedClients.@Nullable Client asker)
            throws IOException, InterruptedException {
        if (asker == null) {
            throw new CloseConnectionException("the client has gone");
        }
        asker.waitsIn(Thread.currentThread());
        try {
            return client.send(forwarded, BodyHandlers.ofInputStream());
        } catch (InterruptedException interrupted) {
            if (asker.isCancelled()) {
                throw new CloseConnectionException("the client has gone", interrupted);
            }
            throw interrupted;
        } finally {
            asker.waitsIn(null);
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    private HttpRequest forwarded(ServerRequest request) {
        byte[] body = request.content().hasEntity() ? RequestBody.as(request, byte[].class) : new byte[0];
        try {
            var forwarded = HttpRequest.newBuilder(target(request))
                    .timeout(ANSWER_TIMEOUT)
                    .method(
                            request.prologue().method().text(),
                            body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
            for (Header header : request.headers()) {
                if (header.name().isEmpty()) {
                    throw new IllegalArgumentException("a header without a name");
                }
                if (FORWARDED.contains(header.headerName().lowerCase())) {
                    header.allValues().stream()
                            .filter(value -> FORWARDED_VALUE.matcher(value).matches())
                            .forEach(value -> forwarded.header(header.name(), value));
                }
            }
            return forwarded.build();
        } catch (IllegalArgumentException notAllowed) {
            throw new BadRequestException("The request has a method, a path or a header that HTTP does not allow.");
        }
    }

    /// Returns the target of the forwarded request. Only its path and query string come from the client, so a
    /// request that names another host, as one to a proxy does, cannot get there.
    private URI target(ServerRequest request) {
        String path = request.prologue().uriPath().rawPath();
        String parameters = request.prologue().query().rawValue();
        if (!PATH.matcher(path).matches()) {
            throw new BadRequestException("The target %s of the request is not a path.".formatted(Problem.quote(path)));
        }
        return URI.create(query + (parameters.isEmpty() ? path : path + "?" + parameters));
    }

    private void passBack(
            ServerRequest request, HttpResponse<InputStream> answer, InputStream body, ServerResponse response)
            throws IOException {
        boolean hasBody = answer.statusCode() != Status.NO_CONTENT_204.code()
                && answer.statusCode() != Status.NOT_MODIFIED_304.code();
        response.status(Status.create(answer.statusCode()));
        answer.headers().map().forEach((name, values) -> {
            if (!NOT_PASSED_BACK.contains(name.toLowerCase(Locale.ROOT))) {
                response.header(HeaderNames.create(name), values.toArray(String[]::new));
            }
        });
        long length = answer.headers().firstValueAsLong("content-length").orElse(-1);
        if (hasBody && length >= 0) {
            response.contentLength(length);
        }
        if (!hasBody || length == 0 || request.prologue().method().equals(Method.HEAD)) {
            response.send();
            return;
        }
        boolean isEventStream =
                answer.headers().firstValue("content-type").orElse("").startsWith("text/event-stream");
        try (var out = response.outputStream()) {
            if (isEventStream) {
                passEvents(body, out);
            } else {
                body.transferTo(out);
            }
        }
    }

    /// Forwards each event at once; does not wait for more of them. A stream of events has no end of its own.
    private void passEvents(InputStream events, OutputStream out) throws IOException {
        byte[] buffer = new byte[EVENT_BUFFER_BYTES];
        int length = events.read(buffer);
        while (length >= 0 && !isEnding) {
            out.write(buffer, 0, length);
            out.flush();
            length = events.read(buffer);
        }
    }

    /// Ends each stream of events at its next event; other answers are returned completely.
    void endStreams() {
        isEnding = true;
    }

    private static void unavailable(String detail, ServerRequest request, ServerResponse response) {
        if (!((RoutingResponse) response).reset()) {
            throw new CloseConnectionException("the answer of query broke off, so this one does, too");
        }
        new Problem(Status.SERVICE_UNAVAILABLE_503, detail).send(request, response);
    }
}
