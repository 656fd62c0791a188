package clickcounter.query;

import clickcounter.counts.MinuteCounts;
import clickcounter.counts.Period;
import clickcounter.migrations.Database;
import clickcounter.query.Statistics.Answer;
import clickcounter.query.Statistics.BannerClicks;
import clickcounter.query.Statistics.Top;
import clickcounter.query.Statistics.Totals;
import clickcounter.query.StatisticsBody.Busiest;
import clickcounter.query.StatisticsBody.OfAll;
import clickcounter.query.StatisticsBody.OfBanner;
import clickcounter.query.StatisticsBody.OfBanners;
import clickcounter.query.StatisticsBody.Series;
import clickcounter.query.content.EntityTag;
import clickcounter.query.content.EntityTag.Content;
import clickcounter.shared.http.BannerId;
import clickcounter.shared.http.Problem;
import clickcounter.shared.http.RefusalReport;
import io.helidon.common.media.type.MediaType;
import io.helidon.common.media.type.MediaTypes;
import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Answers the questions about banners: `GET` and `POST` alike.
///
/// When clicks may be missing that were acknowledged before, because the tail of the log is behind or more
/// clicks than allowed wait for the database, the header `Stats-Complete-Until` says up to which time none is:
/// all clicks up to then are counted, of the later ones any number. The time is that of the last click that was
/// read from the log; `1970-01-01T00:00:00Z` when nothing is known. Without the header the answer is complete.
///
/// When minutes were asked for that were dropped, the header `Stats-Minutes-Since` says which is the first one
/// that is kept.
final class StatisticsHandler {
    private static final String OF_BANNER = "/v1/banners/stats/{bannerID}";
    private static final String OF_BANNERS = "/v1/banners/stats";
    private static final String TOP = "/v1/banners/top";
    private static final String TOTALS = "/v1/banners/totals";

    static final List<String> PATHS = List.of(OF_BANNER, OF_BANNERS, TOP, TOTALS);
    static final String METHODS = "GET, HEAD, POST";

    static final HeaderName COMPLETE_UNTIL = HeaderNames.create("Stats-Complete-Until");
    static final HeaderName MINUTES_SINCE = HeaderNames.create("Stats-Minutes-Since");

    private static final int DEFAULT_LIMIT = 10;
    private static final int MAX_LIMIT = 1_000;

    private static final MediaType CSV = MediaTypes.create("text/csv");
    private static final Header CSV_TYPE =
            HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "text/csv; charset=utf-8; header=present");
    private static final Header CSV_FILE =
            HeaderValues.createCached(HeaderNames.CONTENT_DISPOSITION, "attachment; filename=\"clicks.csv\"");
    private static final Header VARY = HeaderValues.createCached(HeaderNames.VARY, "Accept");
    private static final Header ASK_AGAIN = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "private, no-cache");
    private static final Header KEEP = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "private, max-age=300");

    private final Statistics statistics;
    private final RefusalReport refusals;

    StatisticsHandler(Statistics statistics, RefusalReport refusals) {
        this.statistics = statistics;
        this.refusals = refusals;
    }

    /// What is sent, and how sure it is.
    private record Result(
            StatisticsBody body,
            boolean asCsv,
            @Nullable Instant completeUntil,
            @Nullable Instant minutesSince,
            boolean isSettled) {
        /// Of an answer and, maybe, of the one that it is compared with.
        static Result of(StatisticsBody body, boolean asCsv, Answer<?> answer, @Nullable Answer<?> previous) {
            Instant completeUntil = answer.completeUntil();
            Instant minutesSince = answer.minutesSince();
            boolean isSettled = answer.isSettled();
            if (previous != null) {
                completeUntil = earlier(completeUntil, previous.completeUntil());
                minutesSince = earlier(minutesSince, previous.minutesSince());
                isSettled &= previous.isSettled();
            }
            return new Result(body, asCsv, completeUntil, minutesSince, isSettled);
        }

        private static @Nullable Instant earlier(@Nullable Instant one, @Nullable Instant other) {
            if (one == null || other == null) {
                return one == null ? other : one;
            }
            return one.isBefore(other) ? one : other;
        }
    }

    private interface Question {
        Result answer(ServerRequest request) throws Refusal, SQLException;
    }

    /// Adds the paths.
    void setup(HttpRouting.Builder routing) {
        setup(routing, OF_BANNER, this::ofBanner);
        setup(routing, OF_BANNERS, this::ofBanners);
        setup(routing, TOP, this::top);
        setup(routing, TOTALS, this::totals);
    }

    private void setup(HttpRouting.Builder routing, String path, Question question) {
        Handler handler = (request, response) -> handle(question, request, response);
        routing.get(path, handler).head(path, handler).post(path, handler);
    }

    private Result ofBanner(ServerRequest request) throws Refusal, SQLException {
        long bannerId = bannerId(request);
        Parameters parameters = Parameters.of(request);
        Period period = parameters.period();
        boolean withZeros = parameters.fillsWithZeros();
        boolean compares = parameters.comparesWithPrevious();
        boolean asCsv = asCsv(request, parameters);
        if (!request.prologue().method().equals(Method.POST)) {
            // The first clients sent fields of their own in the body, which were never read.
            parameters.requireNothingElse();
        }
        Compared compared = compared(new long[] {bannerId}, period, withZeros, compares, asCsv);
        return Result.of(new OfBanner(compared.series.getFirst()), asCsv, compared.answer, compared.previous);
    }

    private Result ofBanners(ServerRequest request) throws Refusal, SQLException {
        Parameters parameters = Parameters.of(request);
        long[] bannerIds = parameters.bannerIds(false);
        Period period = parameters.period();
        boolean withZeros = parameters.fillsWithZeros();
        boolean compares = parameters.comparesWithPrevious();
        boolean asCsv = asCsv(request, parameters);
        parameters.requireNothingElse();
        Compared compared = compared(bannerIds, period, withZeros, compares, asCsv);
        return Result.of(new OfBanners(bannerIds, compared.series), asCsv, compared.answer, compared.previous);
    }

    private record Compared(
            List<Series> series,
            Answer<List<MinuteCounts>> answer,
            @Nullable Answer<List<MinuteCounts>> previous) {}

    private Compared compared(long[] bannerIds, Period period, boolean withZeros, boolean compares, boolean asCsv)
            throws Refusal, SQLException {
        boolean allSteps = withZeros || (compares && asCsv);
        Answer<List<MinuteCounts>> answer = statistics.series(bannerIds, period, allSteps);
        Answer<List<MinuteCounts>> previous =
                compares ? statistics.series(bannerIds, period.previous(), allSteps) : null;
        List<Series> series = new ArrayList<>();
        for (int at = 0; at < bannerIds.length; at++) {
            series.add(new Series(
                    period,
                    answer.counts().get(at),
                    previous == null ? null : previous.counts().get(at),
                    withZeros));
        }
        return new Compared(series, answer, previous);
    }

    private Result totals(ServerRequest request) throws Refusal, SQLException {
        Parameters parameters = Parameters.of(request);
        Period period = parameters.period();
        boolean withZeros = parameters.fillsWithZeros();
        boolean compares = parameters.comparesWithPrevious();
        boolean asCsv = asCsv(request, parameters);
        parameters.requireNothingElse();
        boolean allSteps = withZeros || (compares && asCsv);
        Answer<Totals> answer = statistics.totals(period, allSteps);
        Answer<Totals> previous = compares ? statistics.totals(period.previous(), allSteps) : null;
        var series = new Series(
                period,
                answer.counts().counts(),
                previous == null ? null : previous.counts().counts(),
                withZeros);
        return Result.of(new OfAll(answer.counts(), series), asCsv, answer, previous);
    }

    private Result top(ServerRequest request) throws Refusal, SQLException {
        Parameters parameters = Parameters.of(request);
        Period period = parameters.periodWithoutSteps();
        int limit = parameters.integer("limit", DEFAULT_LIMIT, MAX_LIMIT);
        boolean compares = parameters.comparesWithPrevious();
        boolean asCsv = asCsv(request, parameters);
        parameters.requireNothingElse();
        Answer<Top> answer = statistics.top(period, limit, List.of());
        Answer<Top> previous = null;
        if (compares) {
            List<Long> named = answer.counts().banners().stream()
                    .map(BannerClicks::bannerId)
                    .toList();
            previous = statistics.top(period.previous(), 0, named);
        }
        return Result.of(
                new Busiest(answer.counts(), previous == null ? null : previous.counts()), asCsv, answer, previous);
    }

    private void handle(Question question, ServerRequest request, ServerResponse response) {
        try {
            send(question.answer(request), request, response);
        } catch (Refusal refusal) {
            refusal.problem().send(request, response);
        } catch (SQLException failure) {
            refusals.count(Database.describe(failure));
            new Problem(
                            Status.SERVICE_UNAVAILABLE_503,
                            "The database does not answer at the moment. Clicks are still counted.")
                    .send(request, response);
        }
    }

    private static long bannerId(ServerRequest request) throws Refusal {
        String text = request.path().pathParameters().get("bannerID");
        long bannerId = BannerId.parse(text, 0);
        if (bannerId == BannerId.INVALID) {
            throw new Refusal(BannerId.problem(text));
        }
        return bannerId;
    }

    private static boolean asCsv(ServerRequest request, Parameters parameters) throws Refusal {
        if (parameters.asksForCsv()) {
            return true;
        }
        MediaType best = request.headers()
                .bestAccepted(MediaTypes.APPLICATION_JSON, CSV)
                .orElseThrow(() -> new Refusal(
                        Status.NOT_ACCEPTABLE_406,
                        "The answer is application/json or text/csv; the Accept header lists neither."));
        return best.equals(CSV);
    }

    private static void send(Result result, ServerRequest request, ServerResponse response) {
        if (result.asCsv) {
            response.header(CSV_TYPE);
            response.header(CSV_FILE);
        } else {
            response.header(HeaderValues.CONTENT_TYPE_JSON);
        }
        if (result.completeUntil != null) {
            response.header(COMPLETE_UNTIL, result.completeUntil.toString());
        }
        if (result.minutesSince != null) {
            response.header(MINUTES_SINCE, result.minutesSince.toString());
        }
        Content content = out -> result.body.write(result.asCsv, out);
        ShortBody whole = ShortBody.of(content);
        if (request.prologue().method().equals(Method.POST)) {
            response.header(Problem.NO_STORE);
            sendBody(content, whole, response);
            return;
        }
        response.header(VARY);
        response.header(result.isSettled ? KEEP : ASK_AGAIN);
        var tag = EntityTag.of(whole == null ? content : whole);
        response.header(HeaderNames.ETAG, tag.text());
        if (tag.isIn(request.headers())) {
            response.status(Status.NOT_MODIFIED_304);
            response.send();
            return;
        }
        response.contentLength(tag.length());
        if (request.prologue().method().equals(Method.HEAD)) {
            response.send();
            return;
        }
        sendBody(content, whole, response);
    }

    /// @param whole null when it is too long to be kept, and is made while it is sent
    private static void sendBody(Content content, @Nullable ShortBody whole, ServerResponse response) {
        if (whole != null) {
            whole.send(response);
            return;
        }
        try (OutputStream out = response.outputStream()) {
            content.write(out);
        } catch (IOException | UncheckedIOException brokenOff) {
            // The answer has begun, so there is nobody to tell; Helidon would log a stack trace.
            throw new CloseConnectionException("the client is gone", brokenOff);
        }
    }
}
