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
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sets up and starts an HTTP/1.1 server the way all processes do: with limits, without anything that Helidon
/// discovers on the class path, and with `application/problem+json` for every error, whether a handler or the
/// protocol finds it.
public final class HttpListener {
    private static final Logger logger = LoggerFactory.getLogger(HttpListener.class);
    private static final int BACKLOG = 4096;
    private static final int MAX_FIRST_LINE_BYTES = 2048;
    private static final int MAX_HEADERS_BYTES = 8192;
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(75);
    private static final Duration IDLE_CHECK = Duration.ofSeconds(15);

    private static final String UNANSWERED = "The request could not be answered.";
    private static final String UNREADABLE = "The request could not be read as one of HTTP/1.1.";

    /// What Helidon says instead of repeating a first line that it could not read; its log would say nothing
    /// more.
    private static final String UNREADABLE_FIRST_LINE = "Bad request, see server log for more information";

    private static final String SOCKET_LISTENER = "socket";

    /// Linux takes some more.
    private static final int MAX_SOCKET_PATH_LENGTH = 103;

    private HttpListener() {}

    /// Starts a server with the routes of `routing`; `media` reads and writes its bodies.
    ///
    /// **Errors**: [StartFailure] when the address or the socket cannot be listened on.
    public static WebServer start(HttpSettings settings, HttpRouting.Builder routing, MediaContext media) {
        return start(settings, routing, media, UnaryOperator.identity());
    }

    /// The same with connections of one's own.
    ///
    /// @param connections gets what makes Helidon's HTTP/1.1 connections, and returns what makes the server's
    public static WebServer start(
            HttpSettings settings,
            HttpRouting.Builder routing,
            MediaContext media,
            UnaryOperator<ServerConnectionSelector> connections) {
        routing.addFeature(new CloseAsAnnounced());
        routing.error(HttpException.class, HttpListener::answerHttpException);
        // Any other error is a fault of ours: logged here, and nothing of it told to the client.
        routing.error(Throwable.class, HttpListener::answerUnexpected);
        var server = WebServer.builder()
                .host(settings.address())
                .port(settings.port())
                .listenerSocketOptions(Map.of(StandardSocketOptions.SO_REUSEPORT, settings.sharesPort()))
                .shutdownHook(false)
                .featuresDiscoverServices(false)
                .routing(routing);
        ServerConnectionSelector selector = connections.apply(http1());
        configure(server, settings, media, selector);
        if (settings.socket() != null) {
            server.putSocket(
                    SOCKET_LISTENER, socketListener(settings, settings.socket(), routing.copy(), media, selector));
        }
        WebServer started = server.build().start();
        // Helidon has logged why; it does not say it to its caller.
        if (!started.isRunning()) {
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
        return started;
    }

    private static ListenerConfig socketListener(
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
    private static void configure(
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
        listener.directHandlers(directHandlers(settings.maxBodyBytes()));
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
    private static DirectHandlers directHandlers(long maxBodyBytes) {
        var handlers = DirectHandlers.builder();
        for (EventType type : EventType.values()) {
            handlers.addHandler(
                    type,
                    (_, _, status, headers, message) ->
                            answerProtocolError(type, status, headers, message, maxBodyBytes));
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
        logger.error("a request failed unexpectedly; please report it", failure);
        new Problem(Status.INTERNAL_SERVER_ERROR_500, UNANSWERED).send(request, response);
    }
}
