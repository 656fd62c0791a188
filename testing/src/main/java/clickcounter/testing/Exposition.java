package clickcounter.testing;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Metrics in Prometheus' text format, as its client library writes it.
public final class Exposition {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final Set<String> families = new TreeSet<>();
    private final Map<String, Double> samples = new HashMap<>();

    private Exposition(String text) {
        for (String line : text.lines().toList()) {
            if (line.startsWith("# TYPE ")) {
                families.add(line.split(" ", -1)[2]);
            } else if (!line.startsWith("#")) {
                int valueStart = line.lastIndexOf(' ') + 1;
                double value = Double.parseDouble(line.substring(valueStart).replace("Inf", "Infinity"));
                if (samples.put(line.substring(0, valueStart - 1), value) != null) {
                    throw new AssertionError("It occurs twice: " + line);
                }
            }
        }
    }

    /// Reads what the admin port answers at `/metrics`.
    public static Exposition of(int adminPort) {
        HttpResponse<String> answer = get(adminPort, "/metrics");
        String type = answer.headers().firstValue("Content-Type").orElse("");
        if (answer.statusCode() != 200 || !type.equals(CONTENT_TYPE)) {
            throw new AssertionError("%d %s%n%s".formatted(answer.statusCode(), type, answer.body()));
        }
        return new Exposition(answer.body());
    }

    /// What the admin port answers to a `GET`.
    public static HttpResponse<String> get(int adminPort, String path) {
        URI address = URI.create("http://127.0.0.1:%d%s".formatted(adminPort, path));
        try {
            return CLIENT.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString());
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

    /// The names of all families.
    public Set<String> families() {
        return families;
    }

    /// The names of the families that are not those of the Java virtual machine.
    public Set<String> ownFamilies() {
        return families.stream()
                .filter(name -> name.startsWith("clickcounter_"))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
