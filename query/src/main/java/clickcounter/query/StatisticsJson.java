package clickcounter.query;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import io.helidon.http.media.MediaContext;
import io.helidon.http.media.jackson.JacksonSupport;
import java.io.IOException;
import java.time.LocalDate;

/// JSON bodies: questions are read strictly, answers are written without an object for each minute.
final class StatisticsJson {
    private StatisticsJson() {}

    /// For the HTTP server; nothing but JSON.
    static MediaContext mediaContext() {
        var mapper = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .addModule(new SimpleModule().addSerializer(new CountsWriter()))
                .build();
        return MediaContext.builder()
                .mediaSupportsDiscoverServices(false)
                .registerDefaults(false)
                .addMediaSupport(JacksonSupport.create(mapper))
                .build();
    }

    /// `{"stats":[{"ts":"2024-01-01T10:00:00Z","v":42}]}`.
    private static final class CountsWriter extends StdSerializer<MinuteCounts> {
        private static final long serialVersionUID = 1L;

        CountsWriter() {
            super(MinuteCounts.class);
        }

        @Override
        public void serialize(MinuteCounts counts, JsonGenerator json, SerializerProvider provider) throws IOException {
            var time = new MinuteText();
            json.writeStartObject();
            json.writeArrayFieldStart("stats");
            for (int at = 0; at < counts.size(); at++) {
                json.writeStartObject();
                json.writeFieldName("ts");
                json.writeString(time.of(counts.minute(at)), 0, MinuteText.LENGTH);
                json.writeNumberField("v", counts.clicks(at));
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
    }

    /// A minute's start as text, in an array that is used again; the date is computed once for a run of one
    /// day.
    private static final class MinuteText {
        static final int LENGTH = "2024-01-01T10:00:00Z".length();

        private static final int MINUTES_PER_DAY = 1_440;
        private static final int HOUR_AT = 11;
        private static final int MINUTE_AT = 14;

        private final char[] text = "2024-01-01T10:00:00Z".toCharArray();
        private long day = Long.MIN_VALUE;

        char[] of(long minute) {
            long newDay = Math.floorDiv(minute, MINUTES_PER_DAY);
            if (newDay != day) {
                day = newDay;
                String date = LocalDate.ofEpochDay(day).toString();
                date.getChars(0, date.length(), text, 0);
            }
            int minuteOfDay = Math.floorMod(minute, MINUTES_PER_DAY);
            twoDigits(HOUR_AT, minuteOfDay / 60);
            twoDigits(MINUTE_AT, minuteOfDay % 60);
            return text;
        }

        private void twoDigits(int at, int number) {
            text[at] = (char) ('0' + number / 10);
            text[at + 1] = (char) ('0' + number % 10);
        }
    }
}
