package clickcounter.testing;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Metrics in Prometheus' text format 0.0.4, read strictly: every family has one `HELP` and one `TYPE` before its
/// samples, which are together; no sample occurs twice; the names of counters end in `_total` and their values
/// are not negative; the buckets of a histogram grow up to its count.
public final class Exposition {
    private static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
    private static final Pattern DESCRIPTION = Pattern.compile("# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (\\S.*)");
    private static final Pattern SAMPLE =
            Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (NaN|[+-]Inf|-?[0-9.]+(?:E-?[0-9]+)?)");
    private static final Pattern LABEL =
            Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\[\\\\\"n])*)\"(?:,(?=[a-zA-Z_])|$)");

    private final Map<String, String> types = new HashMap<>();
    private final Set<String> helped = new HashSet<>();
    private final Set<String> ended = new HashSet<>();
    private final Map<String, Double> samples = new LinkedHashMap<>();
    private final Map<String, Double> lastBucket = new HashMap<>();
    private String family = "";

    private Exposition(String text) {
        if (!text.endsWith("\n")) {
            throw new AssertionError("The last line has no end: " + text);
        }
        text.lines().forEach(this::readLine);
        checkHistograms();
    }

    /// Reads metrics.
    ///
    /// **Errors**: [AssertionError] that names the line that is wrong.
    public static Exposition parse(String text) {
        return new Exposition(text);
    }

    /// Reads what the admin port answers at `/metrics`.
    public static Exposition of(int adminPort) {
        HttpResponse<String> answer = get(adminPort, "/metrics");
        String type = answer.headers().firstValue("Content-Type").orElse("");
        if (answer.statusCode() != 200 || !type.equals(CONTENT_TYPE)) {
            throw new AssertionError("%d %s%n%s".formatted(answer.statusCode(), type, answer.body()));
        }
        return parse(answer.body());
    }

    /// What the admin port answers to a `GET`.
    public static HttpResponse<String> get(int adminPort, String path) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI address = URI.create("http://127.0.0.1:%d%s".formatted(adminPort, path));
            return client.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString());
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    /// The value of a sample by its name with the labels as in the text, such as `requests_total{status="204"}`.
    public double value(String sample) {
        Double value = samples.get(sample);
        if (value == null) {
            throw new AssertionError("There is no %s in %s".formatted(sample, samples.keySet()));
        }
        return value;
    }

    /// All samples, in their order.
    public Map<String, Double> samples() {
        return samples;
    }

    /// The names of all families.
    public Set<String> families() {
        return types.keySet();
    }

    /// The names of the families that are not those of the Java virtual machine.
    public Set<String> ownFamilies() {
        return types.keySet().stream()
                .filter(name -> name.startsWith("clickcounter_"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private void readLine(String line) {
        Matcher description = DESCRIPTION.matcher(line);
        if (description.matches()) {
            describe(description.group(1), description.group(2), description.group(3), line);
            return;
        }
        Matcher sample = SAMPLE.matcher(line);
        require(sample.matches(), "neither a description nor a sample", line);
        addSample(sample.group(1), labels(sample.group(2), line), number(sample.group(3)), line);
    }

    private void describe(String kind, String name, String text, String line) {
        if (!name.equals(family)) {
            ended.add(family);
            family = name;
        }
        require(!ended.contains(name), "its family has ended before", line);
        require(samples.keySet().stream().noneMatch(sample -> isOf(name, sample)), "it comes after its samples", line);
        if (kind.equals("HELP")) {
            require(helped.add(name), "its family has two HELPs", line);
            return;
        }
        require(text.matches("counter|gauge|histogram|summary|untyped"), "there is no such type", line);
        require(types.put(name, text) == null, "its family has two TYPEs", line);
        require(!text.equals("counter") || name.endsWith("_total"), "the name of a counter ends in _total", line);
    }

    private boolean isOf(String name, String sample) {
        String sampleName = sample.replaceFirst("\\{.*", "");
        return sampleName.equals(name)
                || (isDistribution(name) && sampleName.matches(Pattern.quote(name) + "_(bucket|sum|count)"));
    }

    private boolean isDistribution(String name) {
        return typeOf(name).matches("histogram|summary");
    }

    private String typeOf(String name) {
        return types.getOrDefault(name, "");
    }

    private void addSample(String name, List<String> labels, double value, String line) {
        require(
                isOf(family, name) && types.containsKey(family) && helped.contains(family),
                "it is not described",
                line);
        require(!typeOf(family).equals("counter") || value >= 0, "a counter is negative", line);
        String key = labels.isEmpty() ? name : name + "{" + String.join(",", labels) + "}";
        require(samples.put(key, value) == null, "it occurs twice", line);
        if (typeOf(family).equals("histogram") && name.endsWith("_bucket")) {
            List<String> others =
                    labels.stream().filter(label -> !label.startsWith("le=")).toList();
            require(others.size() == labels.size() - 1, "a bucket must have one \"le\"", line);
            String histogram = family + others;
            require(lastBucket.getOrDefault(histogram, 0.0) <= value, "a bucket is smaller than the one before", line);
            lastBucket.put(histogram, value);
        }
    }

    /// Checks that the last bucket of each histogram has no upper bound and is as large as the histogram's count.
    private void checkHistograms() {
        types.forEach((name, type) -> {
            if (type.equals("histogram")) {
                samples.forEach((sample, value) -> {
                    if (sample.startsWith(name + "_count")) {
                        String all = sample.replace(name + "_count", name + "_bucket");
                        all = all.endsWith("}")
                                ? all.substring(0, all.length() - 1) + ",le=\"+Inf\"}"
                                : all + "{le=\"+Inf\"}";
                        require(value.equals(samples.get(all)), "the last bucket is not its count", sample);
                    }
                });
            }
        });
    }

    private static List<String> labels(@Nullable String text, String line) {
        List<String> labels = new ArrayList<>();
        if (text == null || text.isEmpty()) {
            return labels;
        }
        Matcher label = LABEL.matcher(text);
        int end = 0;
        while (label.find() && label.start() == end) {
            labels.add("%s=\"%s\"".formatted(label.group(1), label.group(2)));
            end = label.end();
        }
        require(end == text.length(), "its labels cannot be read", line);
        return labels;
    }

    private static double number(String text) {
        return switch (text) {
            case "+Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }

    private static void require(boolean condition, String otherwise, String line) {
        if (!condition) {
            throw new AssertionError("%s: %s".formatted(line, otherwise));
        }
    }
}
