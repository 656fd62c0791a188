package clickcounter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Program;
import clickcounter.shared.http.BannerId;
import clickcounter.testing.Await;
import clickcounter.testing.Ports;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.Keys;

/// The dashboard in a real browser, on the real service, through the port that serves everything.
///
/// All tests share one service, because it takes seconds to start, and each uses banners of its own. Only the
/// test of the first run needs a counter without clicks, so it comes first.
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class DashboardTest {
    private static final int PHONE_WIDTH = 360;
    private static final int PHONE_HEIGHT = 740;

    /// What Chromium itself reports when a request fails or is answered 503; scripts cannot prevent that.
    private static final String FAILED_REQUEST = "Failed to load resource";

    private TestDatabase database;
    private Service service;
    private Browser browser;

    @BeforeAll
    void start(@TempDir Path folder) {
        browser = Browser.start(folder);
        database = MigratedDatabase.create();
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
                .extracting(URI::getHost)
                .containsOnly("localhost");
    }

    @Test
    @Order(1)
    void showsTheCurlLineUntilTheFirstClickAppearsByItself() throws IOException {
        browser.open(address("/"));
        browser.awaitVisible("#first-run");
        assertThat(browser.isVisible("#overview")).isFalse();
        assertThat(browser.text("#first-run-curl")).isEqualTo("curl -i " + address("/v1/banners/counter/7"));

        click(7, 1);
        browser.awaitText("#first-run-state", "The first click is counted");
        browser.awaitVisible("#overview");
        browser.awaitText("#all-clicks", "1");
        browser.awaitHidden("#first-run");
        browser.await(
                "banner 7 is listed", () -> browser.texts("#top-banners a").contains("7"));

        click(BannerId.OTHER, 1);
        browser.await(
                "the other banners are listed by their name",
                () -> browser.texts("#top-banners a").contains("other banners (over the limit)"));
    }

    @Test
    @Order(2)
    void theOverviewMovesWithEveryClick() throws IOException {
        browser.open(address("/"));
        browser.awaitText("#live-state", "Live");
        browser.await("the clicks are there", () -> browser.number("#all-clicks") > 0);
        long before = browser.number("#all-clicks");
        String picture = chartPicture("#minutes-chart");

        click(11, 300);
        browser.await("all clicks are shown", () -> browser.number("#all-clicks") == before + 300);
        browser.await(
                "the chart has moved", () -> !chartPicture("#minutes-chart").equals(picture));
        List<String> row = List.of("11", "", "300", "%.1f%%".formatted(100.0 * 300 / (before + 300)));
        browser.await(
                "the banner is listed",
                () -> browser.texts("#top-banners tr:has(a[href^='/banners/11?']) > *")
                        .equals(row));

        List<String> rows = openTable("#minutes-table");
        assertThat(rows).hasSize(60);
        assertThat(sum(rows)).isEqualTo(before + 300);

        browser.click("#top-banners a[href^='/banners/11?']");
        browser.awaitText("h1", "Banner 11");
        browser.awaitText("#sum", "300");
        browser.back();
        browser.awaitVisible("#top-banners");
    }

    /// What a new user does, from sending clicks to reading their numbers.
    @Test
    @Order(3)
    void theBusiestBannerOfALoadIsFoundAndItsCsvByHourHasTheClicksOfTheLoad() throws IOException {
        browser.open(address("/"));
        browser.awaitText("#live-state", "Live");
        Map<String, Integer> load = Map.of("21", 40, "22", 900, "23", 350);
        for (var clicks : load.entrySet()) {
            click(Long.parseLong(clicks.getKey()), clicks.getValue());
        }

        browser.await(
                "the busiest banner comes first",
                () -> browser.texts("#top-banners tr:first-child a").contains("22"));
        load.forEach((banner, clicks) -> assertThat(
                        browser.text("#top-banners tr:has(a[href^='/banners/%s?']) td:nth-child(3)".formatted(banner)))
                .as("clicks of banner " + banner)
                .isEqualTo(clicks.toString()));
        browser.click("#top-banners tr:first-child a");
        browser.awaitText("h1", "Banner 22");
        browser.click("#ranges input[value='24h']");
        browser.select("#step", "hour");
        browser.type("#zone", "Europe/Moscow");
        browser.await(
                "the zone is in the title", () -> browser.text("#chart-range").endsWith("Europe/Moscow"));
        browser.awaitText("#chart-title", "Clicks per hour");
        browser.awaitText("#sum", "900");

        browser.click("#csv");
        List<String> rows = browser.awaitDownload(".csv").lines().skip(1).toList();
        assertThat(rows).hasSize(24).allMatch(row -> row.contains(":00:00+03:00,"));
        assertThat(rows.stream()
                        .mapToInt(row -> Integer.parseInt(row.substring(row.indexOf(',') + 1)))
                        .sum())
                .isEqualTo(900);
    }

    @Test
    void aBannerIsShownByRangeStepAndTimeZoneAndTheAddressSaysWhich() throws IOException {
        click(12, 5);
        browser.open(address("/banners/12?tz=Europe/Moscow"));
        browser.awaitText("#sum", "5");
        assertThat(browser.text("#chart-title")).isEqualTo("Clicks per hour");
        assertThat(browser.text("#chart-range")).endsWith("Europe/Moscow");

        browser.click("#ranges input[value='1h']");
        browser.awaitText("#chart-title", "Clicks per minute");
        assertThat(browser.url()).endsWith("/banners/12?range=1h&tz=Europe/Moscow");
        browser.awaitText("#sum", "5");

        browser.select("#step", "hour");
        browser.awaitText("#chart-title", "Clicks per hour");
        assertThat(browser.url()).endsWith("/banners/12?range=1h&step=hour&tz=Europe/Moscow");

        browser.type("#zone", "Asia/Kathmandu");
        browser.await(
                "the zone is in the title", () -> browser.text("#chart-range").endsWith("Asia/Kathmandu"));
        browser.awaitText("#sum", "5");

        browser.click("#compare");
        browser.awaitVisible("#change-tile");
        assertThat(browser.url()).endsWith("/banners/12?range=1h&step=hour&tz=Asia/Kathmandu&compare=previous");

        browser.back();
        browser.awaitHidden("#change-tile");
        browser.back();
        browser.await(
                "the zone before is back", () -> browser.text("#chart-range").endsWith("Europe/Moscow"));

        click(12, 2);
        browser.awaitText("#sum", "7");
    }

    /// The server says where steps begin, so what is chosen is not shown at once.
    @Test
    void aChoiceDoesNotUndoTheOneBeforeIt() {
        browser.open(address("/banners/28?range=24h"));
        browser.awaitText("#chart-title", "Clicks per hour");
        browser.evaluate("""
                document.querySelector("#ranges input[value='7d']").click();
                const step = document.querySelector('#step');
                step.value = 'day';
                step.dispatchEvent(new Event('change'));
                """);
        assertThat(browser.url()).contains("range=7d", "step=day");
        browser.awaitText("#chart-title", "Clicks per day");
    }

    /// New clicks are shown within seconds, whatever the user is doing.
    @Test
    void newClicksDoNotDisturbWhoIsChoosing() throws IOException {
        click(29, 1);
        browser.open(address("/banners/29"));
        browser.awaitText("#sum", "1");
        browser.awaitText("#live-state", "Live");
        browser.click("#ranges input[value='custom']");
        browser.awaitVisible("#custom-range");
        browser.evaluate("document.querySelector('#zone').focus(); document.querySelector('#zone').value = 'Asi';");
        click(29, 1);
        browser.awaitText("#sum", "2");
        assertThat(browser.isVisible("#custom-range")).isTrue();
        assertThat(browser.evaluate("return document.querySelector('#zone').value"))
                .isEqualTo("Asi");
    }

    @Test
    void aStretchIsChosenWithThePointerOrTheKeyboard() throws IOException {
        click(13, 3);
        browser.open(address("/banners/13?range=24h&step=minute"));
        browser.awaitText("#sum", "3");
        browser.drag("#chart .u-over", 0.9, 1.0);
        browser.await("the stretch is in the address", () -> browser.url().contains("?from="));
        browser.awaitVisible("#custom-range");
        browser.awaitText("#chart-title", "Clicks per minute");
        browser.awaitText("#sum", "3");

        browser.click("#zoom-out");
        browser.click("#earlier");
        browser.awaitText("#sum", "0");
        assertThat(browser.isVisible("#empty")).isTrue();
        browser.click("#later");
        browser.awaitText("#sum", "3");

        browser.open(address("/banners/13?range=1h"));
        browser.awaitText("#sum", "3");
        browser.focus("#chart");
        browser.press(Keys.END);
        browser.awaitVisible(".chart-tip");
        browser.await("the point is read out", () -> browser.text("#chart + p").contains("clicks"));
        browser.press(Keys.ARROW_LEFT, Keys.ENTER);
        browser.await("the stretch is in the address", () -> browser.url().contains("?from="));
    }

    @Test
    void theDownloadedCsvHasTheNumbersOfTheTable() throws IOException {
        click(14, 9);
        browser.open(address("/banners/14?range=6h&step=hour&tz=Europe/Moscow"));
        browser.awaitText("#sum", "9");
        List<String> rows = openTable("#table");
        browser.click("#csv");
        List<String> lines = browser.awaitDownload(".csv").lines().toList();
        assertThat(lines).first().isEqualTo("ts,v");
        assertThat(lines.subList(1, lines.size())).hasSameSizeAs(rows).allMatch(line -> line.contains("+03:00,"));
        assertThat(lines.stream().skip(1).map(line -> line.substring(line.indexOf(',') + 1)))
                .containsExactlyElementsOf(rows.stream()
                        .map(row -> row.substring(row.indexOf('\t') + 1))
                        .toList());
        assertThat(sum(rows)).isEqualTo(9);
    }

    @Test
    void saysThatTheStatisticsAreAwayAndRecoversByItself() throws IOException {
        click(15, 1);
        browser.open(address("/banners/15"));
        browser.awaitText("#sum", "1");
        browser.awaitText("#live-state", "Live");

        service.query().kill();
        browser.awaitText("#live-state", "Reconnecting…");
        browser.click("#ranges input[value='7d']");
        browser.awaitVisible("#notice");
        assertThat(browser.text("#notice")).contains("not available").contains("trying again");
        assertThat(browser.text("#sum")).isEqualTo("1");
        click(15, 1);

        service.query().restart();
        service.awaitReady();
        browser.awaitText("#sum", "2");
        browser.awaitHidden("#notice");
        browser.awaitText("#live-state", "Live");
    }

    @Test
    void saysThatTheServerCannotBeReachedAndRecoversByItself() throws IOException {
        click(16, 1);
        browser.open(address("/banners/16"));
        browser.awaitText("#sum", "1");

        service.ingest().kill();
        browser.click("#ranges input[value='7d']");
        browser.awaitVisible("#notice");
        assertThat(browser.text("#notice")).startsWith("The server cannot be reached.");

        service.ingest().restart();
        service.awaitReady();
        browser.awaitHidden("#notice");
        browser.awaitText("#chart-title", "Clicks per hour");
    }

    @Test
    void asksForTheTokenWhereTheStatisticsAreClosed() throws IOException {
        click(17, 4);
        int port = Ports.free();
        String token = "a token of at least thirty-two bytes";
        var closed = service.launch(
                "closed-query",
                Program.QUERY,
                Map.of("QUERY_PORT", Integer.toString(port), "QUERY_ADMIN_PORT", "0", "STATS_TOKEN", token));
        closed.awaitReady();

        browser.open("http://localhost:%d/banners/17".formatted(port));
        browser.awaitVisible("#token-dialog");
        browser.type("#token", "another one");
        browser.click("#token-form button");
        browser.awaitVisible("#token-error");
        browser.type("#token", token);
        browser.click("#token-form button");
        browser.awaitHidden("#token-dialog");
        browser.awaitText("#sum", "4");
        browser.awaitText("#live-state", "Live");
        closed.stop();
    }

    @Test
    void fitsOnAPhone() throws IOException {
        click(Long.MAX_VALUE, 1);
        browser.usePhone(PHONE_WIDTH, PHONE_HEIGHT);
        for (String path :
                List.of("/", "/banners/" + Long.MAX_VALUE + "?range=7d&compare=previous", "/start", "/docs")) {
            browser.open(address(path));
            browser.awaitVisible("h1, #all-clicks");
            assertThat(browser.overflow())
                    .as("pixels of %s beyond the screen", path)
                    .isLessThanOrEqualTo(0);
        }
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

    /// A banner is on a page of another origin. With a body of JSON or with cookies, the browser asks first.
    @Test
    void pagesOfOtherOriginsClickInEveryWay() throws IOException {
        HttpServer shop = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        shop.createContext("/", exchange -> {
            byte[] page = "<!doctype html><title>shop</title><link rel=icon href=data:,>".getBytes(UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        shop.start();
        try {
            browser.open("http://localhost:%d/".formatted(shop.getAddress().getPort()));
            String clicked = browser.evaluate("""
                    const counter = '%s';
                    const json = new Blob(['{}'], {type: 'application/json'});
                    const answers = [
                        navigator.sendBeacon(counter),
                        navigator.sendBeacon(counter, json),
                        (await fetch(counter, {method: 'POST', body: json, keepalive: true})).status,
                        (await fetch(counter, {method: 'POST', body: json, credentials: 'include'})).status,
                        (await fetch(counter, {credentials: 'include'})).status];
                    return answers.join();
                    """.formatted(address("/v1/banners/counter/31")));
            assertThat(clicked).isEqualTo("true,true,204,204,204");
            Await.until("five clicks are counted", () -> service.totalClicks(31) == 5);
        } finally {
            shop.stop(0);
        }
    }

    @Test
    void theApiIsDescribed() {
        browser.open(address("/docs"));
        browser.awaitVisible(".operation");
        assertThat(browser.texts(".operation h2"))
                .map(title -> title.replaceAll("\\s+", " "))
                .contains(
                        "GET /v1/banners/counter/{bannerID}",
                        "POST /v1/banners/stats/{bannerID}",
                        "GET /v1/banners/live");
    }

    @Test
    void stepsAreThoseOfTheServer() {
        browser.open(address("/start"));
        // Berlin's clocks went forward on 29 March 2026 and back on 25 October; Kathmandu is 5:45 ahead of UTC.
        assertThat(browser.evaluate("""
                const script = [...document.scripts].at(-1).src;
                const {addSteps, rangeUntilNow, wholeSteps} = await import(new URL('steps.js', script));
                const time = Date.parse;
                const text = (ms) => new Date(ms).toISOString().slice(0, 16);
                const around = async (at, step, zone) => {
                  const {from, to, count} = await wholeSteps({from: time(at), to: time(at) + 1}, step, zone);
                  return `${text(from)}/${text(to)}=${count}`;
                };
                const day = time('2026-03-28T23:00Z');
                const range = await rangeUntilNow('7d', 'day', 'Europe/Berlin', time('2026-10-28T12:00Z'));
                return [
                  await around('2026-03-29T12:00Z', 'day', 'Europe/Berlin'),
                  await around('2026-10-25T01:30Z', 'hour', 'Europe/Berlin'),
                  await around('2026-11-23T12:00:05.678Z', 'hour', 'Asia/Kathmandu'),
                  await around('2026-11-22T12:00Z', 'week', 'UTC'),
                  await around('2026-11-22T12:00Z', 'month', 'America/New_York'),
                  text(await addSteps(day, 'day', 3, 'Europe/Berlin')),
                  text(await addSteps(day, 'day', -30, 'Europe/Berlin')),
                  `${text(range.from)}/${text(range.to)}=${range.count}`,
                  await addSteps(day, 'quarter', 1, 'Europe/Berlin').catch(({name}) => name),
                ].join(' ');
                """)).isEqualTo("""
                2026-03-28T23:00/2026-03-29T22:00=1
                2026-10-25T01:00/2026-10-25T02:00=1
                2026-11-23T11:15/2026-11-23T12:15=1
                2026-11-16T00:00/2026-11-23T00:00=1
                2026-11-01T04:00/2026-12-01T05:00=1
                2026-03-31T22:00
                2026-02-26T23:00
                2026-10-21T22:00/2026-10-28T23:00=7
                TypeError""".replace("\n", " "));
    }

    @Test
    void bannerIdsAreThoseOfTheApi() {
        browser.open(address("/start"));
        for (String text : List.of(
                "1",
                "007",
                "0",
                "000",
                "9223372036854775807",
                "0009223372036854775807",
                "9223372036854775808",
                "99999999999999999999",
                "-1",
                "+1",
                "1.5",
                "1e3",
                "0x10",
                "1 ",
                "",
                "abc",
                "\u0661")) {
            long id = BannerId.parse(text, 0);
            assertThat(browser.evaluate("""
                            const script = [...document.scripts].at(-1).src;
                            const {bannerIdOf} = await import(new URL('banner-id.js', script));
                            return String(bannerIdOf('%s'));
                            """.formatted(text)))
                    .as(text)
                    .isEqualTo(id == BannerId.INVALID ? "null" : Long.toString(id));
        }
    }

    /// Each step is given its time instead of its clicks, to see which one corresponds to it.
    @ParameterizedTest(name = "{2} of {3} from {0} to {1}")
    @CsvSource({
        "2024-03-01T00:00:00Z, 2024-04-01T00:00:00Z, day, UTC",
        "2024-04-01T00:00:00Z, 2024-06-01T00:00:00Z, day, UTC",
        "2024-03-31T22:00:00Z, 2024-04-30T22:00:00Z, hour, Europe/Berlin",
        "2024-01-01T00:00:00Z, 2025-01-01T00:00:00Z, month, UTC",
        "2023-12-31T23:00:00Z, 2024-12-31T23:00:00Z, day, Europe/Berlin",
        "2024-03-04T00:00:00Z, 2024-04-01T00:00:00Z, week, UTC",
        "2024-03-30T23:00:00Z, 2024-03-31T22:00:00Z, hour, Europe/Berlin",
        "2024-03-30T11:00:00Z, 2024-03-31T11:00:00Z, hour, Europe/Berlin",
        "2024-10-26T22:00:00Z, 2024-10-27T23:00:00Z, minute, Europe/Berlin",
        "2024-10-27T22:00:00Z, 2024-10-28T23:00:00Z, hour, Europe/Berlin",
        "2024-10-26T23:00:00Z, 2024-10-27T05:00:00Z, minute, Europe/Berlin",
        "2018-11-05T02:00:00Z, 2018-11-06T02:00:00Z, hour, America/Sao_Paulo",
        "2024-04-06T13:00:00Z, 2024-04-07T13:30:00Z, hour, Australia/Lord_Howe",
    })
    void thePreviousPeriodIsPairedAsInCsv(String from, String to, String step, String zone) {
        browser.open(address("/start"));

        assertThat(browser.evaluate("""
                const script = [...document.scripts].at(-1).src;
                const {clicksBefore} = await import(new URL('previous.js', script));
                const [from, to, step, tz] = '%s %s %s %s'.split(' ');
                const path = '/v1/banners/stats/1?' + new URLSearchParams({from, to, step, tz, fill: 'zero', compare: 'previous'});
                const {stats, previous} = await (await fetch(path)).json();
                const withTimes = {previous: {stats: previous.stats.map(({ts}) => ({ts, v: ts}))}, stats};
                const before = clicksBefore(withTimes, {from: Date.parse(from), to: Date.parse(to), step}, tz);
                const pairs = stats.map(({ts}, at) => `${ts},0,${before[at] === null ? ',' : before[at] + ',0'}`);
                const lines = (await (await fetch(path + '&format=csv')).text()).split('\\r\\n').slice(1, -1);
                const expected = lines.filter((line) => !line.startsWith(','));
                const wrong = pairs.findIndex((pair, at) => pair !== expected[at]);
                return wrong === -1 && pairs.length === expected.length ? `${pairs.length > 0}` : `${pairs[wrong]} but ${expected[wrong]}`;
                """.formatted(from, to, step, zone))).isEqualTo("true");
    }

    private String address(String path) {
        return "http://localhost:" + service.port() + path;
    }

    private void click(long bannerId, int times) throws IOException {
        try (var connection = new ClickClient(service.port())) {
            for (int clicks = 0; clicks < times; clicks++) {
                assertThat(connection.click(bannerId)).isEqualTo(204);
            }
        }
    }

    /// Opens the table behind a chart and returns its rows.
    private List<String> openTable(String selector) {
        browser.click(selector + " summary");
        browser.awaitVisible(selector + " tbody tr");
        return browser.texts(selector + " tbody tr");
    }

    private String chartPicture(String selector) {
        return browser.evaluate("return document.querySelector('%s canvas').toDataURL()".formatted(selector));
    }

    /// The sum of the numbers in the second column of a table.
    private static long sum(List<String> rows) {
        return rows.stream()
                .mapToLong(row -> Long.parseLong(row.split("\t", 3)[1].strip().replace(",", "")))
                .sum();
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
