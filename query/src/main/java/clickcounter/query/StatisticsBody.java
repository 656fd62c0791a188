package clickcounter.query;

import clickcounter.counts.MinuteCounts;
import clickcounter.counts.Period;
import clickcounter.query.Statistics.BannerClicks;
import clickcounter.query.Statistics.Top;
import clickcounter.query.Statistics.Totals;
import clickcounter.query.counts.TimeText;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The body of an answer, as JSON and as CSV, written without an object for each step. Ids of banners are
/// strings in JSON: JavaScript's numbers do not hold all of them.
sealed interface StatisticsBody {
    JsonFactory JSON = new JsonFactory();

    void writeJson(JsonGenerator json) throws IOException;

    void writeCsv(CsvWriter csv) throws IOException;

    /// Writes all, and does not close `out`.
    default void write(boolean asCsv, OutputStream out) throws IOException {
        if (asCsv) {
            var writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
            writeCsv(new CsvWriter(writer));
            writer.flush();
            return;
        }
        // A short answer that nobody flushes goes out with its length, in one piece.
        try (JsonGenerator json = JSON.createGenerator(out)
                .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                .disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM)) {
            writeJson(json);
        }
    }

    /// Clicks by step, and those of the period before when they are wanted. CSV puts the two side by side, so
    /// there both hold all steps.
    ///
    /// @param showsZeros whether CSV has lines for steps without clicks
    record Series(
            Period period, MinuteCounts counts, @Nullable MinuteCounts previous, boolean showsZeros) {
        void writeJsonFields(JsonGenerator json) throws IOException {
            json.writeArrayFieldStart("stats");
            writeSteps(json, counts);
            json.writeEndArray();
            if (previous != null) {
                var time = new TimeText(period.zone());
                json.writeObjectFieldStart("previous");
                json.writeStringField("from", time.string(period.previous().fromMinute()));
                json.writeStringField("to", time.string(period.previous().toMinute()));
                json.writeArrayFieldStart("stats");
                writeSteps(json, previous);
                json.writeEndArray();
                json.writeEndObject();
            }
        }

        private void writeSteps(JsonGenerator json, MinuteCounts steps) throws IOException {
            var time = new TimeText(period.zone());
            for (int at = 0; at < steps.size(); at++) {
                json.writeStartObject();
                json.writeFieldName("ts");
                json.writeString(time.of(steps.minute(at)), 0, time.length());
                json.writeNumberField("v", steps.clicks(at));
                json.writeEndObject();
            }
        }

        /// @param prefix what stands before each line, with its comma
        void writeCsvLines(CsvWriter csv, String prefix) throws IOException {
            var time = new TimeText(period.zone());
            if (previous == null) {
                for (int at = 0; at < counts.size(); at++) {
                    csv.line(prefix + time.string(counts.minute(at)), counts.clicks(at));
                }
                return;
            }
            for (int at = 0; at < Math.max(counts.size(), previous.size()); at++) {
                long clicks = at < counts.size() ? counts.clicks(at) : 0;
                long previousClicks = at < previous.size() ? previous.clicks(at) : 0;
                if (showsZeros || clicks != 0 || previousClicks != 0) {
                    csv.line(
                            prefix + (at < counts.size() ? time.string(counts.minute(at)) : ""),
                            at < counts.size() ? clicks : "",
                            at < previous.size() ? time.string(previous.minute(at)) : "",
                            at < previous.size() ? previousClicks : "");
                }
            }
        }

        void writeCsv(CsvWriter csv) throws IOException {
            csv.line(csvColumns());
            writeCsvLines(csv, "");
        }

        String csvColumns() {
            return previous == null ? "ts,v" : "ts,v,previous_ts,previous";
        }
    }

    /// One banner.
    record OfBanner(Series series) implements StatisticsBody {
        @Override
        public void writeJson(JsonGenerator json) throws IOException {
            json.writeStartObject();
            series.writeJsonFields(json);
            json.writeEndObject();
        }

        @Override
        public void writeCsv(CsvWriter csv) throws IOException {
            series.writeCsv(csv);
        }
    }

    /// Several banners.
    @SuppressWarnings("ArrayRecordComponent") // written once, by its only owner
    record OfBanners(long[] bannerIds, List<Series> series) implements StatisticsBody {
        @Override
        public void writeJson(JsonGenerator json) throws IOException {
            json.writeStartObject();
            json.writeArrayFieldStart("banners");
            for (int at = 0; at < bannerIds.length; at++) {
                json.writeStartObject();
                json.writeStringField("banner", Long.toString(bannerIds[at]));
                series.get(at).writeJsonFields(json);
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }

        @Override
        public void writeCsv(CsvWriter csv) throws IOException {
            csv.line("banner", series.getFirst().csvColumns());
            for (int at = 0; at < bannerIds.length; at++) {
                series.get(at).writeCsvLines(csv, bannerIds[at] + ",");
            }
        }
    }

    /// All banners together.
    record OfAll(Totals totals, Series series) implements StatisticsBody {
        @Override
        public void writeJson(JsonGenerator json) throws IOException {
            json.writeStartObject();
            json.writeNumberField("total", totals.total());
            json.writeNumberField("banners", totals.banners());
            series.writeJsonFields(json);
            json.writeEndObject();
        }

        @Override
        public void writeCsv(CsvWriter csv) throws IOException {
            series.writeCsv(csv);
        }
    }

    /// The busiest banners.
    record Busiest(Top top, @Nullable Top previous) implements StatisticsBody {
        /// Digits after the point.
        private static final double SHARE_PRECISION = 1e6;

        private double share(BannerClicks banner) {
            return Math.round(SHARE_PRECISION * banner.clicks() / top.total()) / SHARE_PRECISION;
        }

        @Override
        public void writeJson(JsonGenerator json) throws IOException {
            json.writeStartObject();
            json.writeNumberField("total", top.total());
            json.writeArrayFieldStart("banners");
            for (BannerClicks banner : top.banners()) {
                json.writeStartObject();
                json.writeStringField("banner", Long.toString(banner.bannerId()));
                json.writeNumberField("v", banner.clicks());
                json.writeNumberField("share", share(banner));
                if (previous != null) {
                    json.writeNumberField("previous", previous.named().getOrDefault(banner.bannerId(), 0L));
                }
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }

        @Override
        public void writeCsv(CsvWriter csv) throws IOException {
            csv.line(previous == null ? "banner,v,share" : "banner,v,share,previous");
            for (BannerClicks banner : top.banners()) {
                if (previous == null) {
                    csv.line(banner.bannerId(), banner.clicks(), share(banner));
                } else {
                    csv.line(
                            banner.bannerId(),
                            banner.clicks(),
                            share(banner),
                            previous.named().getOrDefault(banner.bannerId(), 0L));
                }
            }
        }
    }
}
