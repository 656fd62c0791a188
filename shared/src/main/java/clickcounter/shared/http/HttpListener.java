package clickcounter.shared.http;

import clickcounter.shared.StartFailure;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.DirectHandler.TransportResponse;
import io.helidon.http.HttpException;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.http.encoding.ContentEncodingContext;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.ErrorHandling;
import io.helidon.webserver.ListenerConfig;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnectionSelector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An HTTP/1.1 server set up the way all processes do: with limits, without anything that Helidon discovers on
/// the class path, and with `application/problem+json` for every error, whether a handler or the protocol finds
/// it.
public final class HttpListener implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(HttpListener.class);
    private static final int BACKLOG = 4096;
    private static final int MAX_FIRST_LINE_BYTES = 2048;
    private static final int MAX_HEADERS_BYTES = 8192;
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(75);
    private static final Duration IDLE_CHECK = Duration.ofSeconds(15);

    /// Unexpected errors are logged with their stack trace, but not all of them when there are many.
    private static final Duration ERROR_REPORT_PAUSE = Duration.ofSeconds(10);

    private static final AtomicLong nextErrorReportNs = new AtomicLong(System.nanoTime());
    private static final LongAdder unreportedErrors = new LongAdder();

    /// When it takes leave: requests are refused until none has come for this long,
    private static final Duration QUIET = Duration.ofMillis(200);

    /// but no longer than this.
    private static final Duration MAX_REFUSING = Duration.ofSeconds(2);

    private static final String UNANSWERED = "The request could not be answered.";
    private static final String UNREADABLE = "The request could not be read as one of HTTP/1.1.";

    /// What Helidon says instead of repeating a first line that it could not read; its log would say nothing
    /// more.
    private static final String UNREADABLE_FIRST_LINE = "Bad request, see server log for more information";

    private static final String SOCKET_LISTENER = "socket";

    /// Linux takes some more.
    private static final int MAX_SOCKET_PATH_LENGTH = 103;

    private final Duration drainDelay;
    private final RequestMetrics requestMetrics;
    private final RequestFrame frame;
    private final WebServer server;

    private HttpListener(
            HttpSettings settings,
            HttpRouting.Builder routing,
            MediaContext media,
            PrometheusRegistry metrics,
            Connections connections) {
        drainDelay = settings.drainDelay();
        requestMetrics = new RequestMetrics(metrics);
        frame = new RequestFrame(requestMetrics);
        routing.addFeature(frame);
        routing.error(HttpException.class, HttpListener::answerHttpException);
        // Any other error is a fault of ours: logged here, and nothing of it told to the client.
        routing.error(Throwable.class, HttpListener::answerUnexpected);
        ServerConnectionSelector selector = connections.of(http1(), frame);
        var builder = WebServer.builder()
                .host(settings.address())
                .port(settings.port())
                .listenerSocketOptions(Map.of(StandardSocketOptions.SO_REUSEPORT, settings.sharesPort()))
                .shutdownHook(false)
                .featuresDiscoverServices(false)
                .routing(routing);
        configure(builder, settings, media, selector);
        if (settings.socket() != null) {
            builder.putSocket(
                    SOCKET_LISTENER, socketListener(settings, settings.socket(), routing.copy(), media, selector));
        }
        server = builder.build().start();
        if (!server.isRunning()) {
            // Helidon has logged why; it does not say it to its caller.
            throw new StartFailure(
                    "Port %d of %s cannot be listened on: it is taken or not allowed. Stop what uses it, or set %s to another port."
                            .formatted(
                                    settings.port(),
                                    settings.address(),
                                    settings.portSetting().name()));
        }
        if (settings.socket() != null) {
            openToAll(settings.socket());
        }
    }

    /// Makes a server's connections out of Helidon's.
    @FunctionalInterface
    public interface Connections {
        /// Called once, before the server listens.
        ///
        /// @param helidon makes HTTP/1.1 connections
        /// @param frame what happens around the requests that are not given to Helidon, too
        ServerConnectionSelector of(ServerConnectionSelector helidon, RequestFrame frame);
    }

    /// Starts a server with the routes of `routing`; `media` reads and writes its bodies.
    ///
    /// **Errors**: [StartFailure] when the address or the socket cannot be listened on.
    public static HttpListener start(
            HttpSettings settings, HttpRouting.Builder routing, MediaContext media, PrometheusRegistry metrics) {
        return start(settings, routing, media, metrics, (helidon, _) -> helidon);
    }

    /// The same with connections of one's own.
    public static HttpListener start(
            HttpSettings settings,
            HttpRouting.Builder routing,
            MediaContext media,
            PrometheusRegistry metrics,
            Connections connections) {
        return new HttpListener(settings, routing, media, metrics, connections);
    }

    /// The port that it listens on.
    public int port() {
        return server.port();
    }

    /// Takes leave of the clients before [#close], so that none has sent a request into a connection that is
    /// being closed. From now on each answer closes its connection. For `SERVICE_DRAIN_DELAY` requests are
    /// still served, while a balancer that asks `/readyz` turns away; after that they are answered 503, which
    /// makes a balancer that only looks at answers turn away and send the request elsewhere, until nobody asks
    /// any more.
    public void drain() {
        frame.leave();
        try {
            Thread.sleep(drainDelay);
            frame.refuse();
            long deadlineNs = System.nanoTime() + MAX_REFUSING.toNanos();
            long requests;
            do {
                requests = frame.requestsWhileLeaving();
                Thread.sleep(QUIET);
            } while (frame.requestsWhileLeaving() > requests && System.nanoTime() - deadlineNs < 0);
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }

    /// What was answered so far, for the line at the end: `5 × 204, 1 × 400`.
    public String answers() {
        return requestMetrics.summary();
    }

    /// Stops listening and lets running requests finish, for `SERVICE_SHUTDOWN_GRACE` at most.
    @Override
    public void close() {
        server.stop();
    }

    private ListenerConfig socketListener(
            HttpSettings settings,
            Path socket,
            HttpRouting.Builder routing,
            MediaContext media,
            ServerConnectionSelector selector) {
        if (socket.toString().length() > MAX_SOCKET_PATH_LENGTH) {
            throw new StartFailure(
                    "The socket %s cannot be listened on: the path is too long; a system takes %d characters. Set INGEST_SOCKET to a shorter one."
                            .formatted(socket, MAX_SOCKET_PATH_LENGTH));
        }
        try {
            Files.createDirectories(socket.toAbsolutePath().getParent());
            // A process that was killed leaves its file behind, and nobody can listen where there is one.
            Files.deleteIfExists(socket);
        } catch (IOException failure) {
            throw new StartFailure(
                    "The socket %s cannot be listened on: %s. Remove what is there, or set INGEST_SOCKET to another path."
                            .formatted(socket, failure),
                    failure);
        }
        var listener = ListenerConfig.builder()
                .bindAddress(UnixDomainSocketAddress.of(socket))
                .routing(routing);
        configure(listener, settings, media, selector);
        return listener.build();
    }

    /// The proxy runs as another user. As with a port of the loopback interface, every local user may connect;
    /// the folder can forbid it.
    private static void openToAll(Path socket) {
        try {
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        } catch (IOException failure) {
            throw new StartFailure(
                    "The socket %s cannot be opened to the proxy: %s.".formatted(socket, failure), failure);
        }
    }

    /// What holds for the port and for the socket.
    private void configure(
            ListenerConfig.BuilderBase<?, ?> listener,
            HttpSettings settings,
            MediaContext media,
            ServerConnectionSelector selector) {
        listener.backlog(BACKLOG);
        listener.maxTcpConnections(settings.maxConnections());
        listener.maxPayloadSize(settings.maxBodyBytes());
        listener.idleConnectionTimeout(IDLE_TIMEOUT);
        listener.idleConnectionPeriod(IDLE_CHECK);
        listener.shutdownGracePeriod(settings.shutdownGrace());
        // An answer of several writes must not wait for the client to acknowledge the first (40 ms).
        listener.connectionOptions(options -> options.tcpNoDelay(true));
        listener.protocolsDiscoverServices(false);
        listener.contentEncoding(ContentEncodingContext.builder()
                .contentEncodingsDiscoverServices(false)
                .build());
        listener.mediaContext(media);
        // The only one: with two, Helidon closes connections whose first line is bad, and never those that say
        // nothing.
        listener.addConnectionSelector(selector);
        // What was wrong goes to the direct handlers, which put it into the answer.
        listener.errorHandling(ErrorHandling.builder().includeEntity(true).build());
        listener.directHandlers(directHandlers(settings.maxBodyBytes(), requestMetrics));
    }

    private static ServerConnectionSelector http1() {
        return Http1ConnectionSelector.builder()
                .config(Http1Config.builder()
                        .sendKeepAliveHeader(false)
                        .validateResponseHeaders(false)
                        .maxPrologueLength(MAX_FIRST_LINE_BYTES)
                        .maxHeadersSize(MAX_HEADERS_BYTES)
                        .build())
                .build();
    }

    /// Answers of the protocol: what is no proper HTTP request, too long, or asks for what there is not.
    private static DirectHandlers directHandlers(long maxBodyBytes, RequestMetrics metrics) {
        var handlers = DirectHandlers.builder();
        for (EventType type : EventType.values()) {
            handlers.addHandler(type, (_, _, status, headers, message) -> {
                TransportResponse answer = answerProtocolError(type, status, headers, message, maxBodyBytes);
                metrics.answeredUnreadable(answer.status());
                return answer;
            });
        }
        return handlers.build();
    }

    private static TransportResponse answerProtocolError(
            EventType type, Status status, ServerResponseHeaders headers, @Nullable String message, long maxBodyBytes) {
        // A handler's fault is answered below. What Helidon itself falls over is a request that breaks off or
        // is garbage, which is not worth the stack trace that it logs for every 500.
        Status answered = type == EventType.INTERNAL_ERROR ? Status.BAD_REQUEST_400 : status;
        String detail = UNREADABLE;
        if (status.code() == Status.REQUEST_ENTITY_TOO_LARGE_413.code()) {
            detail = "The body is larger than %d bytes.".formatted(maxBodyBytes);
        } else if (UNREADABLE_FIRST_LINE.equals(message)) {
            detail = "The first line of the request is not one of HTTP/1.1, or has a character that must be encoded.";
        } else if (type != EventType.INTERNAL_ERROR && message != null && !message.isBlank()) {
            detail = message;
        }
        headers.set(Problem.CONTENT_TYPE);
        headers.set(Problem.NO_STORE);
        return TransportResponse.builder()
                .status(answered)
                .headers(headers)
                .keepAlive(type.keepAlive())
                .entity(new Problem(answered, detail).bytes())
                .build();
    }

    /// What Helidon finds wrong with a request while a handler runs.
    private static void answerHttpException(ServerRequest request, ServerResponse response, HttpException failure) {
        if (failure.status().family() == Status.Family.SERVER_ERROR) {
            answerUnexpected(request, response, failure);
            return;
        }
        new Problem(failure.status(), Objects.requireNonNullElse(failure.getMessage(), UNANSWERED))
                .send(request, response);
    }

    private static void answerUnexpected(ServerRequest request, ServerResponse response, Throwable failure) {
        long now = System.nanoTime();
        long due = nextErrorReportNs.get();
        if (now - due >= 0 && nextErrorReportNs.compareAndSet(due, now + ERROR_REPORT_PAUSE.toNanos())) {
            logger.error(
                    "a request failed unexpectedly ({} more since the last such line); please report it",
                    unreportedErrors.sumThenReset(),
                    failure);
        } else {
            unreportedErrors.increment();
        }
        new Problem(Status.INTERNAL_SERVER_ERROR_500, UNANSWERED).send(request, response);
    }
}
