package clickcounter.query.live;

import clickcounter.query.http.Parameters;
import clickcounter.query.http.Refusal;
import clickcounter.query.live.LiveStream.Listener;
import clickcounter.shared.http.Problem;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/// Answers `GET /v1/banners/live` with server-sent events until the client or the process ends.
public final class LiveHandler implements Handler {
    public static final String PATH = "/v1/banners/live";

    private static final Header EVENTS = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "text/event-stream");

    /// Without this header, nginx would collect events before it passes them on.
    private static final Header UNBUFFERED = HeaderValues.createCached(HeaderNames.create("X-Accel-Buffering"), "no");

    private final LiveStream live;

    public LiveHandler(LiveStream live) {
        this.live = live;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        try (Listener listener = admit(request)) {
            response.header(EVENTS);
            response.header(Problem.NO_STORE);
            response.header(UNBUFFERED);
            try (OutputStream out = response.outputStream()) {
                listener.listen(out);
            } catch (IOException | UncheckedIOException gone) {
                throw new CloseConnectionException("the listener is gone", gone);
            }
        } catch (Refusal refusal) {
            refusal.problem().send(request, response);
        }
    }

    private Listener admit(ServerRequest request) throws Refusal {
        Parameters parameters = Parameters.of(request);
        long[] bannerIds = parameters.bannerIds(true);
        parameters.requireNothingElse();
        return live.admit(bannerIds);
    }
}
