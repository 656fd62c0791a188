package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.testing.Nginx;
import clickcounter.testing.ProcessUsage;
import clickcounter.testing.TestProcess;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/// What was measured: tables of targets and figures, with the medians of all rounds.
///
/// **Threads**: one.
final class Report {
    private final Map<String, Object> environment = new LinkedHashMap<>();
    private final Map<String, Table> tables = new LinkedHashMap<>();

    Report(Plan plan) throws IOException {
        environment.put("date", Instant.now().toString());
        environment.put("commit", TestProcess.outputOf("git", "describe", "--always", "--dirty"));
        environment.put("processors", Runtime.getRuntime().availableProcessors());
        environment.put("processor", field("/proc/cpuinfo", "model name"));
        environment.put("memory", field("/proc/meminfo", "MemTotal"));
        environment.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        environment.put("java", Runtime.version().toString());
        environment.put("nginx", Nginx.version());
        environment.put(
                "load before", Files.readString(Path.of("/proc/loadavg")).strip());
        environment.put("rounds", plan.rounds());
        environment.put("seconds of one measurement", plan.seconds());
    }

    private static String field(String file, String name) throws IOException {
        return Files.readAllLines(Path.of(file)).stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
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

        /// Adds the latencies of one round, which are in nanoseconds.
        void addLatencies(String row, Histogram latencies) {
            for (String percentile : List.of("50", "99", "99.9")) {
                long ns = latencies.getValueAtPercentile(Double.parseDouble(percentile));
                add(row, "p%s ms".formatted(percentile), ns / 1e6);
            }
        }

        void addMemory(String row, ProcessUsage processes) {
            add(row, "own memory MiB", processes.ownBytes() / 1024.0 / 1024);
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
        tables.forEach((title, table) -> append(text, title, table));
        return text.append("\n").toString();
    }

    private static void append(StringBuilder text, String title, Table table) {
        List<String> columns = table.rows.values().stream()
                .flatMap(row -> row.keySet().stream())
                .distinct()
                .toList();
        text.append("\n\n| %s | %s |\n".formatted(title, String.join(" | ", columns)));
        text.append("|---|").append("--:|".repeat(columns.size()));
        table.rows.forEach((name, row) -> {
            text.append("\n| ").append(name).append(" |");
            for (String column : columns) {
                text.append(' ')
                        .append(row.containsKey(column) ? number(median(row.get(column))) : "")
                        .append(" |");
            }
        });
    }

    static double median(List<Double> values) {
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
}
