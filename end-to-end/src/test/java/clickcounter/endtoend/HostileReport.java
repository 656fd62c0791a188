package clickcounter.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What ordinary clients noticed of each attack; written to `target/hostile-report.md`.
///
/// **Threads**: one.
final class HostileReport {
    private static final Path FILE = Path.of("target", "hostile-report.md");

    private final List<String> rows = new ArrayList<>();

    /// @param mostBytes of each process
    void add(Attack attack, int size, Bystanders others, int endedProcesses, Map<String, Long> mostBytes) {
        rows.add("| %s | %s | %d | %s | %s | %d | %d | %d | %d | %d | %d |"
                .formatted(
                        attack.name(),
                        attack.budget(),
                        size,
                        milliseconds(others.clickP99()),
                        milliseconds(others.questionP99()),
                        others.problems().size(),
                        others.failedQuestions(),
                        endedProcesses,
                        mebibytes(mostBytes, "ingest"),
                        mebibytes(mostBytes, "aggregator"),
                        mebibytes(mostBytes, "query")));
        System.out.println(rows.getLast());
    }

    private static String milliseconds(Duration time) {
        return "%.1f".formatted(time.toNanos() / 1e6);
    }

    private static long mebibytes(Map<String, Long> mostBytes, String process) {
        return mostBytes.entrySet().stream()
                        .filter(entry -> entry.getKey().startsWith(process))
                        .map(Map.Entry::getValue)
                        .max(Long::compare)
                        .orElse(0L)
                >> 20;
    }

    /// Writes the table and prints it.
    void write() {
        String table = """
                | attack | budget | size | click p99, ms | question p99, ms | clicks failed | questions refused | processes ended \
                | ingest, MiB | aggregator, MiB | query, MiB |
                |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
                """ + String.join("\n", rows) + "\n";
        try {
            Files.createDirectories(FILE.getParent());
            Files.writeString(FILE, table);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        System.out.println(table);
    }
}
