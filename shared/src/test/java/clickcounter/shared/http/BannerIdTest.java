package clickcounter.shared.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BannerIdTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "9, 9",
        "10, 10",
        "007, 7",
        "00000000000000000000000000000001, 1",
        "922337203685477580, 922337203685477580",
        "9223372036854775799, 9223372036854775799",
        "9223372036854775800, 9223372036854775800",
        "9223372036854775806, 9223372036854775806",
        "9223372036854775807, 9223372036854775807",
        "09223372036854775807, 9223372036854775807"
    })
    void readsWholeNumbersFromOneToTheLargest(String text, long id) {
        assertThat(BannerId.parse("/v1/banners/" + text, 12)).isEqualTo(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "000",
                "+1",
                "-1",
                " 1",
                "1 ",
                "1.0",
                "1e3",
                "0x1",
                "1_000",
                "1,000",
                "a",
                "1a",
                "/",
                ":",
                "%31",
                "٣",
                "１",
                "\0",
                "9223372036854775808",
                "9223372036854775809",
                "9223372036854775810",
                "18446744073709551615",
                "18446744073709551616",
                "18446744073709551617",
                "92233720368547758070",
                "99999999999999999999999999999999"
            })
    void refusesEverythingElse(String text) {
        assertThat(BannerId.parse("/v1/banners/" + text, 12)).isEqualTo(BannerId.INVALID);
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
