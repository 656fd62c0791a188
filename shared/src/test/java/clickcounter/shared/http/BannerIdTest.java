package clickcounter.shared.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

class BannerIdTest {
    @ParameterizedTest
    @CsvFileSource(resources = "/banner-ids.csv")
    void readsWholeNumbersFromOneToTheLargestAndNothingElse(String text, @Nullable Long id) {
        assertThat(BannerId.parse("/v1/banners/" + text, 12)).isEqualTo(id == null ? BannerId.INVALID : id);
    }

    @Test
    void readsOnlyDigitsOfAscii() {
        for (char character = 0; character < Character.MAX_VALUE; character++) {
            assertThat(BannerId.parse("1" + character, 0) != BannerId.INVALID)
                    .as("character %d", (int) character)
                    .isEqualTo(character >= '0' && character <= '9');
        }
    }

    @Test
    void readsWhatJavaWrites() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        LongStream.generate(() -> random.nextLong() >>> (1 + random.nextInt(62)))
                .filter(id -> id > 0)
                .limit(10_000)
                .forEach(id -> assertThat(BannerId.parse(Long.toString(id), 0))
                        .as("seed %d", seed)
                        .isEqualTo(id));
    }

    @Test
    void saysWhatAnIdIs() {
        assertThat(BannerId.problem("x").detail())
                .isEqualTo("The banner id \"x\" is not a whole number from 1 to 9223372036854775807.");
    }
}
