package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.testing.Nginx;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/// What was measured: tables of targets and figures, with the medians of all rounds.
///
/// **Threads**: one.
final class Report {
    private final Map<String, Object> environment = new LinkedHashMap<>();
    private final Map<String, Table> tables = new LinkedHashMap<>();

    Report(Plan plan) throws IOException {
        environment.put("date", Instant.now().toString());
        environment.put("commit", output("git", "describe", "--always", "--dirty"));
        environment.put("processors", Runtime.getRuntime().availableProcessors());
        environment.put("processor", field(Path.of("/proc/cpuinfo"), "model name"));
        environment.put("memory", field(Path.of("/proc/meminfo"), "MemTotal"));
        environment.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        environment.put("java", Runtime.version().toString());
        environment.put("nginx", Nginx.version());
        environment.put(
                "load before", Files.readString(Path.of("/proc/loadavg")).strip());
        environment.put("rounds", plan.rounds());
        environment.put("seconds of one measurement", plan.seconds());
    }

    /// Notes that a scenario is incomplete.
    void failed(String scenario, Throwable failure) {
        environment.put(scenario + " failed", failure.toString());
    }

    /// The table with this title.
    Table table(String title) {
        return tables.computeIfAbsent(title, _ -> new Table());
    }

    /// Its rows are the targets, its columns the figures.
    static final class Table {
        private final Map<String, Map<String, List<Double>>> rows = new LinkedHashMap<>();

        /// Adds one figure of one round.
        void add(String row, String column, double value) {
            rows.computeIfAbsent(row, _ -> new LinkedHashMap<>())
                    .computeIfAbsent(column, _ -> new ArrayList<>())
                    .add(value);
        }

        private List<String> columns() {
            return rows.values().stream()
                    .flatMap(row -> row.keySet().stream())
                    .distinct()
                    .toList();
        }
    }

    /// Writes both files.
    void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("bench.md"), markdown());
        var all = new LinkedHashMap<String, Object>();
        all.put("environment", environment);
        tables.forEach((title, table) -> all.put(title, table.rows));
        Files.writeString(
                folder.resolve("bench.json"),
                new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(all));
    }

    /// The medians as tables in Markdown.
    String markdown() {
        var text = new StringBuilder();
        environment.forEach((name, value) -> text.append("%s: %s · ".formatted(name, value)));
        text.append("\n\n");
        tables.forEach((title, table) -> append(text, title, table));
        return text.toString();
    }

    private static void append(StringBuilder text, String title, Table table) {
        List<String> columns = table.columns();
        text.append("| ")
                .append(title)
                .append(" | ")
                .append(String.join(" | ", columns))
                .append(" |\n|---|");
        text.append("--:|".repeat(columns.size())).append('\n');
        table.rows.forEach((name, row) -> {
            text.append("| ").append(name);
            for (String column : columns) {
                text.append(" | ").append(row.containsKey(column) ? number(median(row.get(column))) : "");
            }
            text.append(" |\n");
        });
        text.append('\n');
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /// Rounds to three significant digits.
    private static String number(double value) {
        if (value >= 1_000) {
            return String.format(Locale.ROOT, "%,.0f", value).replace(',', ' ');
        }
        return String.format(Locale.ROOT, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
    }

    private static String field(Path file, String name) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        }
    }

    private static String output(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    }
}
