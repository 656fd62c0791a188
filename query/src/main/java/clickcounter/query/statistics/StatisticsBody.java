package clickcounter.query.statistics;

import clickcounter.counts.Comparison;
import clickcounter.counts.MinuteCounts;
import clickcounter.counts.Period;
import clickcounter.query.statistics.Statistics.BannerClicks;
import clickcounter.query.statistics.Statistics.Top;
import clickcounter.query.statistics.Statistics.Totals;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The body of an answer, which can be written as JSON and as CSV (RFC 4180).
///
/// In JSON, banner ids are strings, because JavaScript's numbers cannot hold all of them. In CSV no value needs
/// quotation marks: all are numbers or times.
///
/// **Cost**: JSON is written without an object for each step.
sealed interface StatisticsBody {
    JsonFactory JSON = new JsonFactory();

    void writeJson(JsonGenerator json) throws IOException;

    void writeCsv(Writer csv) throws IOException;

    /// Writes the body, and does not close `out`.
    default void write(boolean asCsv, OutputStream out) throws IOException {
        if (asCsv) {
            var writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
            writeCsv(writer);
            writer.flush();
            return;
        }
        // A short answer that is not flushed is sent in one piece, with its length.
        try (JsonGenerator json = JSON.createGenerator(out)
                .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                .disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM)) {
            json.writeStartObject();
            writeJson(json);
            json.writeEndObject();
        }
    }

    private static void line(Writer csv, String values) throws IOException {
        csv.write(values);
        csv.write("\r\n");
    }

    /// Clicks by step, and those of the previous period if it was asked for. CSV has steps that correspond side by
    /// side, so both periods must have all steps then; a step without a counterpart has a line of its own.
    ///
    /// @param withZeros whether CSV has lines for steps without clicks
    record Series(
            Period period, MinuteCounts counts, @Nullable MinuteCounts previous, boolean withZeros) {
        static Series of(StatisticsQuestion question, MinuteCounts counts, @Nullable MinuteCounts previous) {
            return new Series(question.period(), counts, previous, question.withZeros());
        }

        void writeJsonFields(JsonGenerator json) throws IOException {
            writeSteps(json, counts);
            if (previous != null) {
                var time = new TimeText(period.zone());
                json.writeObjectFieldStart("previous");
                Period before = Comparison.of(period).previous();
                json.writeStringField("from", time.string(before.fromMinute()));
                json.writeStringField("to", time.string(before.toMinute()));
                writeSteps(json, previous);
                json.writeEndObject();
            }
        }

        private void writeSteps(JsonGenerator json, MinuteCounts steps) throws IOException {
            var time = new TimeText(period.zone());
            json.writeArrayFieldStart("stats");
            for (int at = 0; at < steps.size(); at++) {
                json.writeStartObject();
                json.writeFieldName("ts");
                json.writeString(time.of(steps.minute(at)), 0, time.length());
                json.writeNumberField("v", steps.clicks(at));
                json.writeEndObject();
            }
            json.writeEndArray();
        }

        /// @param prefix the first values of each line, with a comma after each
        void writeCsvLines(Writer csv, String prefix) throws IOException {
            var time = new TimeText(period.zone());
            if (previous == null) {
                for (int at = 0; at < counts.size(); at++) {
                    line(csv, prefix + time.string(counts.minute(at)) + "," + counts.clicks(at));
                }
                return;
            }
            var comparison = Comparison.of(period);
            int at = 0;
            int before = 0;
            while (at < counts.size() || before < previous.size()) {
                int order;
                if (at == counts.size()) {
                    order = 1;
                } else if (before == previous.size()) {
                    order = -1;
                } else {
                    order = comparison.compare(counts.minute(at), previous.minute(before));
                }
                long clicks = order <= 0 ? counts.clicks(at) : 0;
                long previousClicks = order >= 0 ? previous.clicks(before) : 0;
                if (withZeros || clicks != 0 || previousClicks != 0) {
                    line(
                            csv,
                            prefix + (order <= 0 ? time.string(counts.minute(at)) + "," + clicks : ",") + ","
                                    + (order >= 0 ? time.string(previous.minute(before)) + "," + previousClicks : ","));
                }
                at += order <= 0 ? 1 : 0;
                before += order >= 0 ? 1 : 0;
            }
        }

        String csvColumns() {
            return previous == null ? "ts,v" : "ts,v,previous_ts,previous";
        }
    }

    /// Several banners.
    record OfBanners(List<Long> bannerIds, List<Series> series) implements StatisticsBody {
        @Override
        public void writeJson(JsonGenerator json) throws IOException {
            json.writeArrayFieldStart("banners");
            for (int at = 0; at < bannerIds.size(); at++) {
                json.writeStartObject();
                json.writeStringField("banner", Long.toString(bannerIds.get(at)));
                series.get(at).writeJsonFields(json);
                json.writeEndObject();
            }
            json.writeEndArray();
        }

        @Override
        public void writeCsv(Writer csv) throws IOException {
            line(csv, "banner," + series.getFirst().csvColumns());
            for (int at = 0; at < bannerIds.size(); at++) {
                series.get(at).writeCsvLines(csv, bannerIds.get(at) + ",");
            }
        }
    }

    /// One banner or, with totals, all banners together.
    record OfOne(@Nullable Totals totals, Series series) implements StatisticsBody {
        @Override
        public void writeJson(JsonGenerator json) throws IOException {
            if (totals != null) {
                json.writeNumberField("total", totals.total());
                json.writeNumberField("banners", totals.banners());
            }
            series.writeJsonFields(json);
        }

        @Override
        public void writeCsv(Writer csv) throws IOException {
            line(csv, series.csvColumns());
            series.writeCsvLines(csv, "");
        }
    }

    /// The busiest banners.
    record Busiest(Top top, @Nullable Top previous) implements StatisticsBody {
        /// A share has six digits after the decimal point.
        private static final double SHARE_PRECISION = 1e6;

        private double share(BannerClicks banner) {
            return Math.round(SHARE_PRECISION * banner.clicks() / top.total()) / SHARE_PRECISION;
        }

        @Override
        public void writeJson(JsonGenerator json) throws IOException {
            json.writeNumberField("total", top.total());
            json.writeArrayFieldStart("banners");
            for (BannerClicks banner : top.banners()) {
                json.writeStartObject();
                json.writeStringField("banner", Long.toString(banner.bannerId()));
                json.writeNumberField("v", banner.clicks());
                json.writeNumberField("share", share(banner));
                if (previous != null) {
                    json.writeNumberField("previous", previous.clicks(banner.bannerId()));
                }
                json.writeEndObject();
            }
            json.writeEndArray();
        }

        @Override
        public void writeCsv(Writer csv) throws IOException {
            line(csv, previous == null ? "banner,v,share" : "banner,v,share,previous");
            for (BannerClicks banner : top.banners()) {
                String values = banner.bannerId() + "," + banner.clicks() + "," + share(banner);
                line(csv, previous == null ? values : values + "," + previous.clicks(banner.bannerId()));
            }
        }
    }
}
