package clickcounter.query.statistics;

import clickcounter.counts.MinuteCounts;
import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.migrations.Database;
import clickcounter.query.http.AllowedMethods;
import clickcounter.query.http.ClientWatch;
import clickcounter.query.http.EntityTag;
import clickcounter.query.http.Refusal;
import clickcounter.query.statistics.Statistics.Answer;
import clickcounter.query.statistics.Statistics.BannerClicks;
import clickcounter.query.statistics.Statistics.Top;
import clickcounter.query.statistics.Statistics.Totals;
import clickcounter.query.statistics.StatisticsBody.Busiest;
import clickcounter.query.statistics.StatisticsBody.OfBanners;
import clickcounter.query.statistics.StatisticsBody.OfOne;
import clickcounter.query.statistics.StatisticsBody.Series;
import clickcounter.query.statistics.StatisticsQuestion.Kind;
import clickcounter.shared.http.Problem;
import clickcounter.shared.http.RefusalReport;
import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Answers questions about banners, `GET` and `POST` alike.
///
/// The header `Stats-Complete-Until` is set if acknowledged clicks may be missing, because the tail of the log is
/// behind or too many clicks wait for the database. All clicks up to this time are counted, and any number of the
/// later ones. It is the time of the last click that was read from the log, or `1970-01-01T00:00:00Z` if nothing
/// is known. Without the header the answer is complete.
///
/// The header `Stats-Minutes-Since` is set if the question is about minutes that were dropped; it is the first
/// minute that is kept.
public final class StatisticsHandler {
    /// The paths that it answers.
    public static final List<String> PATHS =
            Arrays.stream(Kind.values()).map(kind -> kind.path).toList();

    private static final HeaderName COMPLETE_UNTIL = HeaderNames.create("Stats-Complete-Until");
    private static final HeaderName MINUTES_SINCE = HeaderNames.create("Stats-Minutes-Since");
    private static final Header CSV_TYPE =
            HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "text/csv; charset=utf-8; header=present");
    private static final Header CSV_FILE =
            HeaderValues.createCached(HeaderNames.CONTENT_DISPOSITION, "attachment; filename=\"clicks.csv\"");
    private static final Header VARY = HeaderValues.createCached(HeaderNames.VARY, "Accept, Origin");
    private static final Header ASK_AGAIN = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "private, no-cache");
    private static final Header KEEP = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "private, max-age=300");

    /// How long a question waits until there is room for it, and before that until the same question is answered.
    private static final Duration MAX_WAIT = Duration.ofSeconds(5);

    /// Live events must not wait long: there is one each second.
    private static final Duration MAX_LIVE_WAIT = Duration.ofMillis(500);

    private final Statistics statistics;
    private final Duration maxSend;
    private final RefusalReport refusals;
    private final ClientWatch clients;
    private final Gate gate;
    private final Turns turns = new Turns();
    private final SharedRuns<StatisticsQuestion, Admitted> runs =
            new SharedRuns<>(MAX_WAIT, admitted -> admitted.pass().close());

    /// @param connections how many connections to the database `statistics` has
    /// @param maxSend how long a client may take to accept an answer that is too long to be sent in one piece
    public StatisticsHandler(
            Statistics statistics, int connections, Duration maxSend, RefusalReport refusals, ClientWatch clients) {
        this.statistics = statistics;
        this.maxSend = maxSend;
        this.refusals = refusals;
        this.clients = clients;
        this.gate = new Gate(connections, MAX_WAIT);
    }

    /// An answer, and the pass that it holds until it has been sent.
    private record Admitted(Answer<SharedBody> answer, Gate.Pass pass) {}

    /// How many questions wait for others.
    public int waitingQuestions() {
        return gate.waiting();
    }

    /// Returns how many clicks there are in a minute, for live events: in total and of some banners.
    ///
    /// **Errors**: [Refusal] if there is no room for the question; [SQLException] if the database does not answer.
    public Top clicksOfMinute(long minute, Collection<Long> bannerIds) throws Refusal, SQLException {
        var period = new Period(minute, minute + 1, Step.TOTAL, ZoneOffset.UTC);
        try (Gate.Pass _ = gate.admit(statistics.costOfMinute(bannerIds.size()), MAX_LIVE_WAIT)) {
            return statistics.top(period, 0, bannerIds).counts();
        }
    }

    /// Adds the paths.
    public void setup(HttpRouting.Builder routing) {
        for (Kind kind : Kind.values()) {
            routing.any(
                    kind.path,
                    new AllowedMethods("GET, HEAD, POST", (request, response) -> handle(kind, request, response)));
        }
    }

    @SuppressWarnings("try") // a share may be given back early
    private void handle(Kind kind, ServerRequest request, ServerResponse response) throws Exception {
        try {
            StatisticsQuestion question = StatisticsQuestion.of(kind, request);
            Cost cost = statistics.cost(question);
            try (var share = runs.join(question)) {
                Admitted admitted = await(share, question, cost, request);
                if (admitted.answer().counts().whole() != null) {
                    // A client that takes it slowly holds nothing else.
                    share.close();
                }
                send(admitted.answer(), question.asCsv(), request, response);
            }
        } catch (Refusal refusal) {
            if (refusal.problem().status().equals(Status.SERVICE_UNAVAILABLE_503)) {
                refusals.count(refusal.problem().detail());
            }
            refusal.problem().send(request, response);
        } catch (SQLException failure) {
            refusals.count(Database.describe(failure));
            new Problem(
                            Status.SERVICE_UNAVAILABLE_503,
                            "The database does not answer at the moment. Clicks are still counted.")
                    .send(request, response);
        }
    }

    /// Waits for the answer. If the client goes away meanwhile, its share is given back at once.
    private Admitted await(
            SharedRuns<StatisticsQuestion, Admitted>.Share share,
            StatisticsQuestion question,
            Cost cost,
            ServerRequest request)
            throws Exception {
        try (var client = clients.watch(request, share::close)) {
            try {
                return share.await(() -> answer(question, cost));
            } finally {
                client.requireClient();
            }
        }
    }

    private Admitted answer(StatisticsQuestion question, Cost cost) throws Refusal, SQLException {
        Gate.Pass pass = gate.admit(cost);
        boolean isAnswered = false;
        try {
            Answer<StatisticsBody> answer = read(question, pass);
            pass.leaveDatabase();
            var body = new SharedBody(out -> answer.counts().write(question.asCsv(), out), turns);
            isAnswered = true;
            return new Admitted(answer.with(body, null), pass);
        } finally {
            if (!isAnswered) {
                pass.close();
            }
        }
    }

    /// Begins again when more must be read than the pass allows: while it waits, not even the first of two periods
    /// that are compared may be kept.
    private Answer<StatisticsBody> read(StatisticsQuestion question, Gate.Pass pass) throws Refusal, SQLException {
        while (true) {
            try {
                return switch (question.kind()) {
                    case BANNER, BANNERS -> series(question, pass);
                    case TOP -> top(question);
                    case TOTALS -> totals(question, pass);
                };
            } catch (MoreToRead more) {
                pass.readMore(more.maxRead());
            }
        }
    }

    private Answer<StatisticsBody> series(StatisticsQuestion question, Gate.Pass pass) throws Refusal, SQLException {
        long[] bannerIds =
                question.bannerIds().stream().mapToLong(Long::longValue).toArray();
        Answer<List<MinuteCounts>> answer =
                statistics.series(bannerIds, question.period(), question.needsAllSteps(), pass);
        Answer<List<MinuteCounts>> previous = question.compares()
                ? statistics.series(bannerIds, question.previous(), question.needsAllSteps(), pass)
                : null;
        List<Series> series = new ArrayList<>();
        for (int at = 0; at < bannerIds.length; at++) {
            series.add(Series.of(
                    question,
                    answer.counts().get(at),
                    previous == null ? null : previous.counts().get(at)));
        }
        StatisticsBody body = question.kind() == Kind.BANNER
                ? new OfOne(null, series.getFirst())
                : new OfBanners(question.bannerIds(), series);
        return answer.with(body, previous);
    }

    private Answer<StatisticsBody> totals(StatisticsQuestion question, Gate.Pass pass) throws Refusal, SQLException {
        Answer<Totals> answer = statistics.totals(question.period(), question.needsAllSteps(), pass);
        Answer<Totals> previous =
                question.compares() ? statistics.totals(question.previous(), question.needsAllSteps(), pass) : null;
        Series series = Series.of(
                question,
                answer.counts().counts(),
                previous == null ? null : previous.counts().counts());
        return answer.with(new OfOne(answer.counts(), series), previous);
    }

    private Answer<StatisticsBody> top(StatisticsQuestion question) throws Refusal, SQLException {
        Answer<Top> answer = statistics.top(question.period(), question.limit(), List.of());
        Answer<Top> previous = null;
        if (question.compares()) {
            List<Long> named = answer.counts().banners().stream()
                    .map(BannerClicks::bannerId)
                    .toList();
            previous = statistics.top(question.previous(), 0, named);
        }
        return answer.with(new Busiest(answer.counts(), previous == null ? null : previous.counts()), previous);
    }

    private void send(Answer<SharedBody> answer, boolean asCsv, ServerRequest request, ServerResponse response) {
        if (asCsv) {
            response.header(CSV_TYPE);
            response.header(CSV_FILE);
        } else {
            response.header(HeaderValues.CONTENT_TYPE_JSON);
        }
        if (answer.completeUntil() != null) {
            response.header(COMPLETE_UNTIL, answer.completeUntil().toString());
        }
        if (answer.minutesSince() != null) {
            response.header(MINUTES_SINCE, answer.minutesSince().toString());
        }
        SharedBody body = answer.counts();
        if (request.prologue().method().equals(Method.POST)) {
            response.header(Problem.NO_STORE);
            sendBody(body, response);
            return;
        }
        response.header(VARY);
        response.header(answer.isSettled() ? KEEP : ASK_AGAIN);
        EntityTag tag = body.tag();
        response.header(HeaderNames.ETAG, tag.text());
        if (tag.isIn(request.headers())) {
            response.status(Status.NOT_MODIFIED_304).send();
            return;
        }
        response.contentLength(tag.length());
        if (request.prologue().method().equals(Method.HEAD)) {
            response.send();
            return;
        }
        sendBody(body, response);
    }

    private void sendBody(SharedBody body, ServerResponse response) {
        ShortBody whole = body.whole();
        if (whole != null) {
            whole.send(response);
            return;
        }
        Thread sender = Thread.currentThread();
        CompletableFuture<Void> sent =
                new CompletableFuture<Void>().orTimeout(maxSend.toMillis(), TimeUnit.MILLISECONDS);
        // An interrupt closes the connection, and so ends a write that the client does not accept.
        var _ = sent.exceptionally(_ -> {
            sender.interrupt();
            return null;
        });
        try (OutputStream out = response.outputStream()) {
            body.write(out);
        } catch (IOException | UncheckedIOException brokenOff) {
            // The answer has begun, so there is no one to tell. Helidon would log a stack trace.
            throw new CloseConnectionException("the client is gone or too slow", brokenOff);
        } finally {
            sent.complete(null);
        }
    }
}
