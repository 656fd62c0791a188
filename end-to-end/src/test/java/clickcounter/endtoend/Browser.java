package clickcounter.endtoend;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import clickcounter.testing.Await;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/// A real Chromium without a window that is driven as a user does; what is on the page is read as text and waited
/// for.
///
/// **Threads**: one.
final class Browser implements AutoCloseable {
    private static final List<String> BROWSERS = List.of("/usr/bin/chromium", "/usr/bin/google-chrome");
    private static final List<String> DRIVERS = List.of("/usr/bin/chromedriver", "/usr/local/bin/chromedriver");
    private static final Duration MAX_WAIT = Duration.ofSeconds(20);
    private static final JsonMapper JSON = new JsonMapper();

    private final ChromeDriver driver;
    private final Path downloads;
    private final List<String> problems = new ArrayList<>();
    private final List<URI> requests = new ArrayList<>();

    private Browser(String binary, String driverBinary, Path downloads) {
        this.downloads = downloads;
        var service = new ChromeDriverService.Builder()
                .usingDriverExecutable(Path.of(driverBinary).toFile())
                .usingAnyFreePort()
                .build();
        var logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        var options = new ChromeOptions();
        options.setBinary(binary);
        options.addArguments(
                "--headless=new",
                "--no-sandbox", // root has none
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync");
        options.setExperimentalOption("prefs", Map.of("download.default_directory", downloads.toString()));
        options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
        driver = new ChromeDriver(service, options);
        driver.manage().window().setSize(new Dimension(1280, 900));
    }

    /// Starts the browser. Where none is installed, the test is skipped, or fails if `BROWSER_TESTS=required`.
    static Browser start(Path downloads) {
        String binary = firstInstalled(BROWSERS);
        String driver = firstInstalled(DRIVERS);
        boolean isInstalled = binary != null && driver != null;
        if (!isInstalled && "required".equals(System.getenv("BROWSER_TESTS"))) {
            throw new AssertionError(
                    "Chromium and its driver are not installed; apt-get install chromium chromium-driver");
        }
        assumeTrue(isInstalled, "no Chromium with its driver (Debian: apt-get install chromium chromium-driver)");
        return new Browser(requireNonNull(binary), requireNonNull(driver), downloads);
    }

    private static @Nullable String firstInstalled(List<String> places) {
        return places.stream()
                .filter(place -> Files.isExecutable(Path.of(place)))
                .findFirst()
                .orElse(null);
    }

    void open(String url) {
        driver.get(url);
    }

    void back() {
        driver.navigate().back();
    }

    String url() {
        return requireNonNull(driver.getCurrentUrl());
    }

    /// The text that a user sees in the first element that matches; empty if there is none or it is hidden.
    String text(String selector) {
        return string(
                "const found = document.querySelector(arguments[0]); return found ? found.innerText : '';", selector);
    }

    /// The number that a user sees in the first element that matches, without the marks between thousands; -1 if
    /// the text is no number.
    long number(String selector) {
        String digits = text(selector).replace(",", "");
        return digits.matches("\\d+") ? Long.parseLong(digits) : -1;
    }

    /// The texts of all elements that match.
    List<String> texts(String selector) {
        return strings(
                "return [...document.querySelectorAll(arguments[0])].map(each => each.innerText.trim())", selector);
    }

    boolean isVisible(String selector) {
        return bool("return document.querySelector(arguments[0])?.checkVisibility() ?? false", selector);
    }

    String attribute(String selector, String name) {
        return string("return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? ''", selector, name);
    }

    /// Runs a script in the page, waits for its promise and returns its result as a string.
    String evaluate(String script) {
        return String.valueOf(driver.executeAsyncScript("const done = arguments[0]; (async () => {" + script
                + "})().then(done, error => done('failed: ' + error))"));
    }

    void focus(String selector) {
        driver.executeScript("document.querySelector(arguments[0]).focus()", selector);
    }

    void click(String selector) {
        driver.findElement(By.cssSelector(selector)).click();
    }

    /// Replaces the text of a field and leaves the field.
    void type(String selector, String text) {
        var field = driver.findElement(By.cssSelector(selector));
        field.clear();
        field.sendKeys(text, Keys.TAB);
    }

    void select(String selector, String value) {
        driver.findElement(By.cssSelector(selector + " option[value='" + value + "']"))
                .click();
    }

    /// Presses keys in the element that has the focus.
    void press(CharSequence... keys) {
        new Actions(driver).sendKeys(keys).perform();
    }

    /// Drags the pointer across an element between two fractions of its width.
    void drag(String selector, double from, double to) {
        var element = driver.findElement(By.cssSelector(selector));
        int width = element.getSize().getWidth();
        new Actions(driver)
                .moveToElement(element, (int) (width * (from - 0.5)), 0)
                .clickAndHold()
                .moveToElement(element, (int) (width * (to - 0.5)), 0)
                .release()
                .perform();
    }

    /// The id of the element that has the focus, or its text if it has no id.
    String focused() {
        return string("const at = document.activeElement; return at.id || at.innerText.trim()");
    }

    /// Makes the screen that of a phone.
    void usePhone(int width, int height) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 2, "mobile", true));
    }

    void useDesktop() {
        driver.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
    }

    /// How many pixels the page is wider than the screen.
    long overflow() {
        return (long)
                requireNonNull(driver.executeScript("return document.documentElement.scrollWidth - window.innerWidth"));
    }

    /// Waits until an element has this text.
    void awaitText(String selector, String expected) {
        try {
            await(selector + " is \"" + expected + "\"", () -> text(selector).equals(expected));
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "; it is \"" + text(selector) + "\"", late);
        }
    }

    void awaitVisible(String selector) {
        await(selector + " is visible", () -> isVisible(selector));
    }

    void awaitHidden(String selector) {
        await(selector + " is hidden", () -> !isVisible(selector));
    }

    void await(String what, Callable<Boolean> condition) {
        Await.until(what, MAX_WAIT, condition);
    }

    /// Waits for the download of a file whose name ends in this way, deletes the file and returns its content.
    String awaitDownload(String suffix) throws IOException {
        await("a file *" + suffix + " is downloaded", () -> download(suffix).isPresent());
        Path file = download(suffix).orElseThrow();
        String content = Files.readString(file);
        Files.delete(file);
        return content;
    }

    private Optional<Path> download(String suffix) throws IOException {
        try (Stream<Path> files = Files.list(downloads)) {
            return files.filter(file -> file.toString().endsWith(suffix)).findFirst();
        }
    }

    /// What the browser has complained about since the start: script errors, refusals of the content security
    /// policy, failed requests.
    List<String> problems() {
        for (LogEntry entry : driver.manage().logs().get(LogType.BROWSER)) {
            if (entry.getLevel().intValue() >= Level.WARNING.intValue()) {
                problems.add(requireNonNull(entry.getMessage()));
            }
        }
        return List.copyOf(problems);
    }

    /// All network requests since the start.
    List<URI> requests() {
        for (LogEntry entry : driver.manage().logs().get(LogType.PERFORMANCE)) {
            JsonNode event = parse(requireNonNull(entry.getMessage())).path("message");
            if (event.path("method").asText().equals("Network.requestWillBeSent")) {
                requests.add(URI.create(event.at("/params/request/url").asText()));
            }
        }
        return List.copyOf(requests);
    }

    private static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException failure) {
            throw new AssertionError(failure);
        }
    }

    private String string(String script, Object... arguments) {
        return (String) requireNonNull(driver.executeScript(script, arguments));
    }

    private boolean bool(String script, Object... arguments) {
        return (boolean) requireNonNull(driver.executeScript(script, arguments));
    }

    private List<String> strings(String script, Object... arguments) {
        var found = (Iterable<?>) requireNonNull(driver.executeScript(script, arguments));
        return StreamSupport.stream(found.spliterator(), false)
                .map(String::valueOf)
                .toList();
    }

    @Override
    public void close() {
        driver.quit();
    }
}
