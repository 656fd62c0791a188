package clickcounter.query.live;

import clickcounter.query.http.Parameters;
import clickcounter.query.http.Refusal;
import clickcounter.shared.http.Problem;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;

/// Answers `GET /v1/banners/live` with server-sent events until the client or the process ends.
public final class LiveHandler implements Handler {
    public static final String PATH = "/v1/banners/live";

    private static final Header EVENTS = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "text/event-stream");
    private static final Header RETRY_AFTER = HeaderValues.createCached(HeaderNames.RETRY_AFTER, "10");

    /// Without this header, nginx would collect events before it passes them on.
    private static final Header UNBUFFERED = HeaderValues.createCached(HeaderNames.create("X-Accel-Buffering"), "no");

    private final LiveStream live;

    public LiveHandler(LiveStream live) {
        this.live = live;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        List<Long> bannerIds;
        try {
            Parameters parameters = Parameters.of(request);
            bannerIds = Arrays.stream(parameters.bannerIds(true)).boxed().toList();
            parameters.requireNothingElse();
        } catch (Refusal refusal) {
            refusal.problem().send(request, response);
            return;
        }
        if (live.listeners() >= LiveStream.MAX_LISTENERS) {
            response.header(RETRY_AFTER);
            new Problem(
                            Status.SERVICE_UNAVAILABLE_503,
                            "%d clients are listening, and no more are allowed.".formatted(LiveStream.MAX_LISTENERS))
                    .send(request, response);
            return;
        }
        response.header(EVENTS);
        response.header(Problem.NO_STORE);
        response.header(UNBUFFERED);
        try (OutputStream out = response.outputStream()) {
            live.listen(bannerIds, out);
        } catch (IOException | UncheckedIOException gone) {
            throw new CloseConnectionException("the listener is gone", gone);
        }
    }
}
