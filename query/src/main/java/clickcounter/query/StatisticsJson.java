package clickcounter.query;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.helidon.http.media.MediaContext;
import io.helidon.http.media.jackson.JacksonSupport;

/// Reads JSON bodies, and strictly. Answers are written by [StatisticsBody].
final class StatisticsJson {
    private StatisticsJson() {}

    /// For the HTTP server; nothing but JSON.
    static MediaContext mediaContext() {
        var mapper = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
        return MediaContext.builder()
                .mediaSupportsDiscoverServices(false)
                .registerDefaults(false)
                .addMediaSupport(JacksonSupport.create(mapper))
                .build();
    }
}
