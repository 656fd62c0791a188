package clickcounter.shared.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.helidon.http.Status;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProblemTest {
    /// What may be between the quotation marks of a JSON string (RFC 8259, section 7).
    private static final String JSON_TEXT =
            "(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x{10ffff}]|\\\\(?:[\"\\\\/bfnrt]|u[0-9a-fA-F]{4}))*";

    private static final Pattern BODY = Pattern.compile(
            "\\{\"type\":\"about:blank\",\"title\":\"(%1$s)\",\"status\":(\\d{3}),\"detail\":\"(%1$s)\"}"
                    .formatted(JSON_TEXT));

    @Test
    void hasTheMembersOfTheStandard() {
        assertThat(body("The banner id is wrong.")).isEqualTo("""
                        {"type":"about:blank","title":"Bad Request","status":400,"detail":"The banner id is wrong."}""");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\"",
                "\\",
                "\\\"",
                "a\nb\r\tc",
                "\0\u0001\u001f\u007f",
                "</script>",
                "täglich ٣ 😀",
                "\ud800",
                "\udc00",
                "\ud800x\udc00",
                "\udc00\ud800",
                "\u2028\ufeff\uffff",
                "100 % of %s and %n"
            })
    void isValidJsonForAnyText(String detail) {
        assertThat(detailIn(body(detail))).isEqualTo(detail);
    }

    @Test
    void isValidJsonForRandomText() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        for (int round = 0; round < 2_000; round++) {
            String detail = random.ints(random.nextInt(40), 0, round % 2 == 0 ? 0x100 : 0x10000)
                    .collect(StringBuilder::new, (text, unit) -> text.append((char) unit), StringBuilder::append)
                    .toString();
            assertThat(detailIn(body(detail))).as("seed %d", seed).isEqualTo(detail);
        }
    }

    @Test
    void escapesTheTitleToo() {
        var problem = new Problem(Status.create(499, "No \"reason\""), "Gone.");

        assertThat(new String(problem.bytes(), StandardCharsets.UTF_8)).contains("\"title\":\"No \\\"reason\\\"\"");
    }

    @Test
    void quotesAClientsValue() {
        assertThat(Problem.quote("")).isEqualTo("\"\"");
        assertThat(Problem.quote("12x")).isEqualTo("\"12x\"");
    }

    @Test
    void cutsALongValue() {
        assertThat(Problem.quote("x".repeat(64))).isEqualTo("\"" + "x".repeat(64) + "\"");
        assertThat(Problem.quote("x".repeat(65))).isEqualTo("\"" + "x".repeat(64) + "…\" (65 characters)");
        assertThat(Problem.quote("x".repeat(2_000))).isEqualTo("\"" + "x".repeat(64) + "…\" (2000 characters)");
    }

    private static String body(String detail) {
        return new String(new Problem(Status.BAD_REQUEST_400, detail).bytes(), StandardCharsets.UTF_8);
    }

    /// Returns the `detail` of a body, which must be valid JSON.
    private static String detailIn(String body) {
        Matcher matcher = BODY.matcher(body);
        assertThat(matcher.matches()).as("valid JSON: %s", body).isTrue();
        return Pattern.compile("\\\\(u(....)|.)")
                .matcher(matcher.group(3))
                .replaceAll(escape -> Matcher.quoteReplacement(
                        escape.group(2) == null
                                ? escape.group(1)
                                : Character.toString((char) Integer.parseInt(escape.group(2), 16))));
    }
}
