package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.TestDatabase;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;

/// The dashboard in a real browser, on the real service, through the port that serves everything.
///
/// One service for all tests, as it takes seconds to start: each uses banners of its own.
@TestInstance(Lifecycle.PER_CLASS)
final class DashboardTest {
    /// What Chromium itself says of an answer such as 503, and of none; scripts cannot keep it from that.
    private static final String FAILED_REQUEST = "Failed to load resource";

    private TestDatabase database;
    private Service service;
    private Browser browser;

    @BeforeAll
    void start(@TempDir Path folder) {
        browser = Browser.start(folder);
        database = TestDatabase.create();
        service = Service.start(folder, database.url(), Map.of());
    }

    @AfterAll
    void stop() {
        for (AutoCloseable started : new AutoCloseable[] {browser, service, database}) {
            close(started);
        }
    }

    @BeforeEach
    void useDesktop() {
        browser.useDesktop();
    }

    @AfterEach
    void onlyOurServerWasAskedAndNothingWentWrong() {
        assertThat(browser.problems())
                .filteredOn(problem -> !problem.contains(FAILED_REQUEST))
                .isEmpty();
        assertThat(browser.requests())
                .filteredOn(request -> request.getScheme().startsWith("http"))
                .extracting(URI::getAuthority)
                .containsOnly("localhost:" + service.port());
    }

    @Test
    void isUsedWithTheKeyboardAlone() {
        browser.open(address("/"));
        browser.press(Keys.TAB);
        assertThat(browser.focused()).isEqualTo("Skip to the content");
        browser.press(Keys.ENTER);
        assertThat(browser.focused()).isEqualTo("main");

        browser.focus("#theme");
        browser.press(Keys.ENTER);
        assertThat(browser.attribute("html", "data-theme")).isEqualTo("light");
        browser.press(Keys.SPACE);
        assertThat(browser.attribute("html", "data-theme")).isEqualTo("dark");
        browser.open(address("/start"));
        assertThat(browser.attribute("html", "data-theme")).isEqualTo("dark");
        assertThat(browser.texts("[aria-current=page]")).containsExactly("Add to a site");

        browser.focus("#lookup-banner");
        browser.press("42", Keys.ENTER);
        browser.awaitText("h1", "Banner 42");
    }

    @Test
    void theSnippetsHaveTheAddressAndTheChosenBanner() {
        browser.open(address("/start"));
        browser.type("#banner", "4711");
        String counter = address("/v1/banners/counter/4711");
        assertThat(browser.text("#snippet-ping")).contains("ping=\"" + counter + "\"");
        assertThat(browser.text("#snippet-beacon")).contains("sendBeacon('" + counter + "')");
        assertThat(browser.text("#snippet-image")).contains("src=\"" + counter + "\"");
        browser.click("[data-copies=snippet-ping]");
        browser.awaitText("[data-copies=snippet-ping]", "Copied");

        browser.type("#banner", "no banner");
        browser.awaitVisible("#banner-error");
        assertThat(browser.text("#snippet-ping")).contains("4711");
    }

    @Test
    void stepsFollowTheClockOnTheWall() {
        browser.open(address("/start"));
        // Berlin's clocks went forward on 29 March 2026 and back on 25 October; Kathmandu is 5:45 ahead.
        assertThat(browser.evaluate("""
                const script = [...document.scripts].at(-1).src;
                const {addSteps, stepStart, rangeUntilNow} = await import(new URL('steps.js', script));
                const time = Date.parse;
                const text = (ms) => new Date(ms).toISOString().slice(0, 16);
                const day = stepStart(time('2026-03-29T12:00Z'), 'day', 'Europe/Berlin');
                const range = rangeUntilNow('7d', 'day', 'Europe/Berlin', time('2026-10-28T12:00Z'));
                return [
                  text(day),
                  text(addSteps(day, 'day', 1, 'Europe/Berlin')),
                  text(stepStart(time('2026-10-25T01:30Z'), 'hour', 'Europe/Berlin')),
                  text(stepStart(time('2026-11-23T12:00Z'), 'hour', 'Asia/Kathmandu')),
                  text(stepStart(time('2026-11-22T12:00Z'), 'week', 'UTC')),
                  text(stepStart(time('2026-11-22T12:00Z'), 'month', 'America/New_York')),
                  text(range.from), text(range.to),
                ].join(' ');
                """))
                .isEqualTo(String.join(
                        " ",
                        "2026-03-28T23:00",
                        "2026-03-29T22:00",
                        "2026-10-25T01:00",
                        "2026-11-23T11:15",
                        "2026-11-16T00:00",
                        "2026-11-01T04:00",
                        "2026-10-21T22:00",
                        "2026-10-28T23:00"));
    }

    private String address(String path) {
        return "http://localhost:" + service.port() + path;
    }

    private static void close(AutoCloseable started) {
        try {
            if (started != null) {
                started.close();
            }
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }
}
