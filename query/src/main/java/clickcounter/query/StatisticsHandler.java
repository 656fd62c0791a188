package clickcounter.query;

import clickcounter.migrations.Database;
import clickcounter.query.Statistics.Answer;
import clickcounter.shared.http.BannerId;
import clickcounter.shared.http.Problem;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.http.RequestBody;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.helidon.common.media.type.MediaTypes;
import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.HttpMediaType;
import io.helidon.http.Status;
import io.helidon.http.media.jackson.JacksonRuntimeException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Answers `POST /v1/banners/stats/{bannerID}`.
///
/// When clicks may be missing that were acknowledged before, because the tail of the log is behind or more
/// clicks than allowed wait for the database, the header `Stats-Complete-Until` says up to which time none is:
/// all clicks up to then are counted, of the later ones any number. The time is that of the last click that was
/// read from the log; `1970-01-01T00:00:00Z` when nothing is known. Without the header the answer is complete.
final class StatisticsHandler implements Handler {
    static final String PATH = "/v1/banners/stats/{bannerID}";
    static final HeaderName COMPLETE_UNTIL = HeaderNames.create("Stats-Complete-Until");

    private static final Pattern REASON = Pattern.compile("[^(:]{1,79}[^(: ]");
    private static final Header RETRY_AFTER = HeaderValues.createCached(HeaderNames.RETRY_AFTER, "1");

    private final Statistics statistics;
    private final RefusalReport refusals;

    StatisticsHandler(Statistics statistics, RefusalReport refusals) {
        this.statistics = statistics;
        this.refusals = refusals;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        try {
            Answer answer = statistics.answer(question(request));
            response.header(HeaderValues.CONTENT_TYPE_JSON);
            response.header(Problem.NO_STORE);
            if (answer.completeUntil() != null) {
                response.header(COMPLETE_UNTIL, answer.completeUntil().toString());
            }
            send(answer.counts(), response);
        } catch (Refusal refusal) {
            refusal.problem().send(request, response);
        } catch (SQLException failure) {
            refusals.count(Database.describe(failure));
            response.header(RETRY_AFTER);
            new Problem(
                            Status.SERVICE_UNAVAILABLE_503,
                            "The database does not answer at the moment. Clicks are still counted.")
                    .send(request, response);
        }
    }

    private static void send(MinuteCounts counts, ServerResponse response) {
        try {
            response.send(counts);
        } catch (JacksonRuntimeException brokenOff) {
            // The answer has begun, so there is nobody to tell; Helidon would log a stack trace.
            throw new CloseConnectionException("the client is gone", brokenOff);
        }
    }

    private static StatisticsRequest question(ServerRequest request) throws Refusal {
        String id = request.path().pathParameters().get("bannerID");
        long bannerId = BannerId.parse(id, 0);
        if (bannerId == BannerId.INVALID) {
            throw new Refusal(BannerId.problem(id));
        }
        if (!request.headers().isAccepted(MediaTypes.APPLICATION_JSON)) {
            throw new Refusal(
                    Status.NOT_ACCEPTABLE_406,
                    "The answer is application/json, which the Accept header does not list.");
        }
        requireJson(request);
        return StatisticsRequest.of(bannerId, body(request));
    }

    private static void requireJson(ServerRequest request) throws Refusal {
        String text = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("");
        if (text.isEmpty()) {
            throw new Refusal(
                    Status.UNSUPPORTED_MEDIA_TYPE_415, "The Content-Type is missing; it must be application/json.");
        }
        try {
            var type = HttpMediaType.create(text);
            boolean isJson = type.mediaType().text().equalsIgnoreCase(MediaTypes.APPLICATION_JSON.text());
            if (isJson && type.charset().orElse("utf-8").equalsIgnoreCase(StandardCharsets.UTF_8.name())) {
                return;
            }
        } catch (IllegalArgumentException notAMediaType) {
            // Refused below, like another type.
        }
        throw new Refusal(
                Status.UNSUPPORTED_MEDIA_TYPE_415,
                "The Content-Type is %s; it must be application/json in UTF-8.".formatted(Problem.quote(text)));
    }

    private static JsonNode body(ServerRequest request) throws Refusal {
        if (!request.content().hasEntity()) {
            return MissingNode.getInstance();
        }
        try {
            return RequestBody.as(request, JsonNode.class);
        } catch (JacksonRuntimeException failure) {
            if (failure.getCause() instanceof JsonProcessingException notJson) {
                throw Refusal.badRequest(describe(notJson));
            }
            throw failure;
        }
    }

    /// Jackson's sentences go on with names of its classes and features; their beginnings are for everyone.
    private static String describe(JsonProcessingException notJson) {
        Matcher reason = REASON.matcher(notJson.getOriginalMessage());
        String place = notJson.getLocation() == null
                ? ""
                : " (line %d, column %d)"
                        .formatted(
                                notJson.getLocation().getLineNr(),
                                notJson.getLocation().getColumnNr());
        return "The body is not valid JSON: %s%s."
                .formatted(reason.lookingAt() ? reason.group() : "it is damaged", place);
    }
}
