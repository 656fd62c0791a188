package clickcounter.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The table of metrics in `docs/monitoring.md`.
public final class MetricsDocument {
    private static final Pattern ROW =
            Pattern.compile("\\| `(clickcounter_\\w+)(?:\\{\\w+})?` \\| ([\\w, ]+) \\| .+ \\|");

    private MetricsDocument() {}

    /// The names of the metrics that the table lists for `process`.
    public static Set<String> metricsOf(String process) throws IOException {
        Path document = Path.of(System.getProperty("clickcounter.root"), "docs", "monitoring.md");
        var names = new TreeSet<String>();
        for (String line : Files.readAllLines(document)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()
                    && Set.of(row.group(2).split(", ", -1)).stream().anyMatch(Set.of("all", process)::contains)) {
                names.add(row.group(1));
            }
        }
        return names;
    }
}
