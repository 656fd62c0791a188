package clickcounter.shared.http;

import clickcounter.shared.ProcessMain;
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
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An HTTP/1.1 server that is set up as in all processes: with limits, without the features that Helidon
/// discovers on the class path, and with `application/problem+json` for every error, whether a handler or the
/// protocol detects it.
public final class HttpListener implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(HttpListener.class);
    private static final int BACKLOG = 4096;
    private static final int MAX_FIRST_LINE_BYTES = 8192;

    /// A click may have a long query string, whatever else is in its head.
    private static final int MAX_FIRST_LINE_BYTES_INSIDE = 16_384;

    private static final int MAX_HEADERS_BYTES = 16_384;
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(75);
    private static final Duration IDLE_CHECK = Duration.ofSeconds(15);

    /// An unexpected error is logged with its stack trace, but only one in this time.
    private static final Duration ERROR_REPORT_PAUSE = Duration.ofSeconds(10);

    private static final AtomicLong nextErrorReportNs = new AtomicLong(System.nanoTime());
    private static final LongAdder unreportedErrors = new LongAdder();

    /// After draining, requests are refused until none arrives for this long, or [#MAX_REFUSING] is over.
    private static final Duration QUIET = Duration.ofMillis(200);

    /// After draining, requests are refused for at most this long.
    private static final Duration MAX_REFUSING = Duration.ofSeconds(2);

    private static final String UNANSWERED = "The request could not be answered.";
    private static final String UNREADABLE = "The request is not valid HTTP/1.1.";

    /// Helidon's message for a first line that it cannot read. Clients must not see it, because there is nothing
    /// more in the log.
    private static final String UNREADABLE_FIRST_LINE = "Bad request, see server log for more information";

    /// How long the system may take to accept a connection from this machine; it needs no help of the server.
    private static final Duration MAX_CONNECT = Duration.ofSeconds(1);

    private final HttpSettings settings;
    private final @Nullable Path socket;
    private final RequestMetrics requestMetrics;
    private final RequestFrame frame;
    private final WebServer server;

    private HttpListener(
            HttpSettings settings,
            @Nullable Path socket,
            HttpRouting.Builder routing,
            MediaContext media,
            PrometheusRegistry metrics) {
        this.settings = settings;
        this.socket = socket;
        requestMetrics = new RequestMetrics(metrics);
        frame = new RequestFrame(requestMetrics);
        routing.addFeature(frame);
        routing.error(HttpException.class, HttpListener::answerHttpException);
        // Any other error is our own fault: it is logged, and the client learns nothing about it.
        routing.error(Throwable.class, HttpListener::answerUnexpected);
        var builder = WebServer.builder()
                .host(settings.address())
                .port(settings.port())
                .shutdownHook(false)
                .featuresDiscoverServices(false)
                .routing(routing);
        if (socket != null) {
            builder.bindAddress(UnixDomainSocketAddress.of(socket))
                    .enableProxyProtocol(true)
                    .maxTcpConnections(settings.maxRelayed());
        } else {
            builder.maxTcpConnections(settings.maxConnections());
        }
        configure(builder, settings, media, socket != null);
        server = builder.build().start();
        if (!server.isRunning()) {
            // Helidon logs why, but does not tell its caller.
            throw socket == null
                    ? settings.cannotListen(null)
                    : new StartFailure("Cannot listen on the socket %s.".formatted(socket));
        }
    }

    /// Starts a server on the port that the settings name.
    ///
    /// @param media reads and writes bodies
    ///
    /// **Errors**: [StartFailure] if the server cannot listen there.
    public static HttpListener start(
            HttpSettings settings, HttpRouting.Builder routing, MediaContext media, PrometheusRegistry metrics) {
        return new HttpListener(settings, null, routing, media, metrics);
    }

    /// Starts a server on a Unix socket, to which only this user's processes can connect. Each connection must begin
    /// with a header of the PROXY protocol.
    ///
    /// @param socket at which there is nothing yet
    /// @param settings the address and the port are not used
    public static HttpListener startInside(
            Path socket,
            HttpSettings settings,
            HttpRouting.Builder routing,
            MediaContext media,
            PrometheusRegistry metrics) {
        try {
            var listener = new HttpListener(settings, socket, routing, media, metrics);
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            return listener;
        } catch (IOException failure) {
            throw new StartFailure("Cannot listen on the socket %s: %s.".formatted(socket, failure), failure);
        }
    }

    /// Must also be told about requests that are answered without this server.
    public RequestFrame frame() {
        return frame;
    }

    public int port() {
        return server.port();
    }

    /// Makes clients go away before [#close], so that none of them sends a request into a connection that is
    /// being closed. Every answer closes its connection from now on. For `SERVICE_DRAIN_DELAY`, requests are
    /// still served, which gives a load balancer that checks `/readyz` time to turn away. After that, requests
    /// are answered 503, which makes a load balancer that only looks at answers turn away and send the request
    /// elsewhere. Returns when no more requests arrive.
    public void drain() {
        frame.drain();
        try {
            Thread.sleep(settings.drainDelay());
            frame.refuse();
            long deadlineNs = System.nanoTime() + MAX_REFUSING.toNanos();
            long requests;
            do {
                requests = frame.requestsWhileDraining();
                Thread.sleep(QUIET);
            } while (frame.requestsWhileDraining() > requests && System.nanoTime() - deadlineNs < 0);
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }

    /// Returns what is wrong if the server does not listen any more, or null. Helidon closes its port for good when
    /// it cannot accept a connection, for example without a file descriptor, and does not tell anybody.
    ///
    /// **Cost**: a connection.
    public @Nullable String problem() {
        if (socket != null) {
            // Helidon deletes it when it closes it.
            return Files.exists(socket) ? null : "Nothing listens at the socket %s any more.".formatted(socket);
        }
        try (var probe = new Socket()) {
            InetAddress address = InetAddress.getByName(settings.address());
            probe.connect(
                    new InetSocketAddress(
                            address.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : address, port()),
                    (int) MAX_CONNECT.toMillis());
            return null;
        } catch (ConnectException refused) {
            return "Nothing listens on port %d of %s any more.".formatted(port(), settings.address());
        } catch (IOException busy) {
            return null;
        }
    }

    /// Returns how many answers of each status there were, as text: `5 × 204, 1 × 400`.
    public String answers() {
        return requestMetrics.summary();
    }

    /// Stops listening, and lets running requests finish for at most `SERVICE_SHUTDOWN_GRACE`.
    @Override
    public void close() {
        server.stop();
    }

    private void configure(
            ListenerConfig.BuilderBase<?, ?> listener, HttpSettings settings, MediaContext media, boolean isInside) {
        listener.backlog(BACKLOG);
        listener.maxPayloadSize(settings.maxBodyBytes());
        // Helidon measures by the system's clock. When that jumps ahead, it closes all connections that wait for a
        // request. Those of a relay are closed by the relay, which is not misled.
        listener.idleConnectionTimeout(isInside ? ChronoUnit.FOREVER.getDuration() : IDLE_TIMEOUT);
        listener.idleConnectionPeriod(IDLE_CHECK);
        listener.shutdownGracePeriod(settings.shutdownGrace());
        // Without this, an answer in several writes waits 40 ms until the client acknowledges the first.
        listener.connectionOptions(options -> options.tcpNoDelay(true));
        listener.protocolsDiscoverServices(false);
        listener.contentEncoding(ContentEncodingContext.builder()
                .contentEncodingsDiscoverServices(false)
                .build());
        listener.mediaContext(media);
        // There must be only one selector. With two, Helidon would close connections with a bad first line, and
        // never close those that send nothing.
        listener.addConnectionSelector(http1(isInside));
        // Helidon passes what was wrong to the direct handlers, which put it into the answer.
        listener.errorHandling(ErrorHandling.builder().includeEntity(true).build());
        listener.directHandlers(directHandlers(settings.maxBodyBytes(), requestMetrics));
    }

    /// The query string of a click must not cost the click, and ad tags send characters that a URI should not contain.
    /// So the server inside takes them, as the loops do; a path is checked all the same.
    private static ServerConnectionSelector http1(boolean isInside) {
        return Http1ConnectionSelector.builder()
                .config(Http1Config.builder()
                        .sendKeepAliveHeader(false)
                        .validateResponseHeaders(false)
                        .validatePrologue(!isInside)
                        .maxPrologueLength(isInside ? MAX_FIRST_LINE_BYTES_INSIDE : MAX_FIRST_LINE_BYTES)
                        .maxHeadersSize(MAX_HEADERS_BYTES)
                        .build())
                .build();
    }

    /// Creates the handlers that answer what is not a valid HTTP request, or too long, or not supported.
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
        // A handler's fault is answered below. Helidon itself fails only at a request that breaks off or is
        // garbage, which is not worth the stack trace that Helidon logs for every 500.
        Status answered = type == EventType.INTERNAL_ERROR ? Status.BAD_REQUEST_400 : status;
        String detail = UNREADABLE;
        if (status.code() == Status.REQUEST_ENTITY_TOO_LARGE_413.code()) {
            detail = "The body is larger than %d bytes.".formatted(maxBodyBytes);
        } else if (UNREADABLE_FIRST_LINE.equals(message)) {
            detail =
                    "The first line of the request is not valid HTTP/1.1, or contains a character that must be encoded.";
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

    /// Answers what Helidon finds wrong with a request while a handler runs.
    private static void answerHttpException(ServerRequest request, ServerResponse response, HttpException failure) {
        if (failure.status().family() == Status.Family.SERVER_ERROR) {
            answerUnexpected(request, response, failure);
            return;
        }
        new Problem(failure.status(), Objects.requireNonNullElse(failure.getMessage(), UNANSWERED))
                .send(request, response);
    }

    private static void answerUnexpected(ServerRequest request, ServerResponse response, Throwable failure) {
        ProcessMain.haltIfBroken(failure);
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
