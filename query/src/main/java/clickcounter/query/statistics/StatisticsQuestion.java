package clickcounter.query.statistics;

import clickcounter.counts.Comparison;
import clickcounter.counts.Period;
import clickcounter.query.http.Parameters;
import clickcounter.query.http.Refusal;
import io.helidon.common.media.type.MediaType;
import io.helidon.common.media.type.MediaTypes;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import java.util.Arrays;
import java.util.List;

/// What a request for statistics asks.
///
/// @param bannerIds empty for questions about all banners
/// @param limit how many of the busiest banners to name
/// @param withZeros whether the answer includes steps without clicks
/// @param compares whether the answer includes the previous period
/// @param asCsv whether the answer is CSV; otherwise it is JSON
record StatisticsQuestion(
        Kind kind, List<Long> bannerIds, Period period, int limit, boolean withZeros, boolean compares, boolean asCsv) {
    private static final int DEFAULT_LIMIT = 10;
    private static final int MAX_LIMIT = 1_000;
    private static final MediaType CSV = MediaTypes.create("text/csv");

    /// The kinds of questions, each with its path.
    enum Kind {
        BANNER("/v1/banners/stats/{bannerID}"),
        BANNERS("/v1/banners/stats"),
        TOP("/v1/banners/top"),
        TOTALS("/v1/banners/totals");

        final String path;

        Kind(String path) {
            this.path = path;
        }
    }

    static StatisticsQuestion of(Kind kind, ServerRequest request) throws Refusal {
        List<Long> bannerIds = List.of();
        if (kind == Kind.BANNER) {
            bannerIds =
                    List.of(Parameters.bannerId(request.path().pathParameters().get("bannerID")));
        }
        Parameters parameters = Parameters.of(request);
        if (kind == Kind.BANNERS) {
            bannerIds = Arrays.stream(parameters.bannerIds(false)).boxed().toList();
        }
        Period period = parameters.period(kind != Kind.TOP);
        int limit = kind == Kind.TOP ? parameters.integer("limit", DEFAULT_LIMIT, MAX_LIMIT) : 0;
        boolean withZeros = kind != Kind.TOP && parameters.has("fill", "zero");
        boolean compares = parameters.has("compare", "previous");
        boolean asCsv = parameters.asksForCsv() || prefersCsv(request);
        // The first clients of one banner's statistics sent fields of their own in the body, which were never
        // read.
        if (kind != Kind.BANNER || !request.prologue().method().equals(Method.POST)) {
            parameters.requireNothingElse();
        }
        return new StatisticsQuestion(kind, bannerIds, period, limit, withZeros, compares, asCsv);
    }

    private static boolean prefersCsv(ServerRequest request) throws Refusal {
        return request.headers()
                .bestAccepted(MediaTypes.APPLICATION_JSON, CSV)
                .orElseThrow(() -> new Refusal(
                        Status.NOT_ACCEPTABLE_406,
                        "The answer is application/json or text/csv; the Accept header lists neither."))
                .equals(CSV);
    }

    /// Returns the period that this one is compared with.
    Period previous() {
        return Comparison.of(period).previous();
    }

    /// Returns whether all steps must be counted. CSV needs them for comparing, because it has both periods side
    /// by side.
    boolean needsAllSteps() {
        return withZeros || (compares && asCsv);
    }
}
