package clickcounter.shared;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Logging.LoggingSettings;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import net.openhft.chronicle.core.Jvm;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class LoggingTest {
    private static final String TIMESTAMP = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z";

    private final PrintStream console = System.out;
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @BeforeEach
    void capture() {
        System.setOut(new PrintStream(printed, true, UTF_8));
    }

    @AfterEach
    void restore() {
        System.setOut(console);
        Logging.configure(new LoggingSettings(false, false), "");
    }

    @Test
    void printsFlatJsonWithOneLineForEachEvent() {
        Logging.configure(new LoggingSettings(false, true), "ingest");
        LoggerFactory.getLogger("clickcounter.test").warn("{} \"quoted\"\nlines\t\\", 2);

        assertThat(lines()).singleElement().asString().matches("""
                \\{"timestamp":"%s","level":"WARN","process":"ingest","logger":"clickcounter.test","thread":"%s",\
                "message":"2 \\\\"quoted\\\\"\\\\u000alines\\\\u0009\\\\\\\\"\\}\
                """.formatted(
                        TIMESTAMP, Thread.currentThread().getName()));
    }

    @Test
    void putsAStackTraceIntoTheSameLine() {
        Logging.configure(new LoggingSettings(false, true), "query");
        LoggerFactory.getLogger("clickcounter.test").error("failed", new IllegalStateException("why"));

        assertThat(lines())
                .singleElement()
                .asString()
                .contains(
                        "\"message\":\"failed\",\"stackTrace\":\"java.lang.IllegalStateException: why\\u000a\\u0009at "
                                + LoggingTest.class.getName())
                .endsWith("\"}");
    }

    @Test
    void printsReadableTextOnATerminal() {
        Logging.configure(new LoggingSettings(false, false), "aggregator");
        LoggerFactory.getLogger("clickcounter.test").info("hello");

        assertThat(lines()).singleElement().asString().matches(TIMESTAMP + " INFO  aggregator hello");
    }

    @Test
    void showsDebugLinesOnlyWhenAskedTo() {
        Logging.configure(new LoggingSettings(false, false), "x");
        LoggerFactory.getLogger("clickcounter.test").debug("hidden");
        Logging.configure(new LoggingSettings(true, false), "x");
        LoggerFactory.getLogger("clickcounter.test").debug("shown");

        assertThat(lines()).singleElement().asString().endsWith("shown");
    }

    /// HikariCP and Flyway log through SLF4J, Helidon through System.Logger, and the PostgreSQL driver through
    /// java.util.logging.
    @Test
    void takesInWhatTheLibrariesSay() {
        Logging.configure(new LoggingSettings(false, true), "x");
        LoggerFactory.getLogger("com.zaxxer.hikari.pool").error("from Hikari");
        System.getLogger("io.helidon.webserver.Something").log(System.Logger.Level.WARNING, "from Helidon");
        java.util.logging.Logger.getLogger("org.postgresql.Driver").warning("from the driver");
        Jvm.warn().on(LoggingTest.class, "from Chronicle");

        assertThat(lines())
                .satisfiesExactly(
                        line -> assertThat(line).contains("\"logger\":\"com.zaxxer.hikari.pool\"", "from Hikari"),
                        line -> assertThat(line)
                                .contains("\"logger\":\"io.helidon.webserver.Something\"", "from Helidon"),
                        line -> assertThat(line).contains("\"logger\":\"org.postgresql.Driver\"", "from the driver"),
                        line -> assertThat(line).contains("\"level\":\"WARN\"", "from Chronicle"));
    }

    @Test
    void suppressesOnlyConnectionsThatArriveWhileTheServerStops() {
        Logging.configure(new LoggingSettings(false, false), "x");
        System.Logger listener = System.getLogger("io.helidon.webserver.ServerListener");
        listener.log(
                System.Logger.Level.ERROR,
                "Executor rejected handler for new connection",
                new RejectedExecutionException());
        listener.log(System.Logger.Level.ERROR, "Got a throwable while listening");

        assertThat(lines()).singleElement().asString().endsWith("Got a throwable while listening");
    }

    private List<String> lines() {
        return printed.toString(UTF_8).lines().toList();
    }
}
