package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.Exposition;
import clickcounter.testing.Ports;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The alert rules and the dashboard of `config/monitoring`, and what OPERATIONS.md says about them.
final class MonitoringTest {
    private static final Pattern METRIC = Pattern.compile("\\b(?:clickcounter|process|jvm)_[a-z_]+");
    private static final Pattern ALERT = Pattern.compile("alert: (\\w+)");
    private static final Path MONITORING = TestProcess.ROOT.resolve("config").resolve("monitoring");

    @TempDir
    Path folder;

    @Test
    void everyMetricThatTheyAskForIsThere() throws IOException {
        Map<String, String> ports = new HashMap<>();
        for (String process : Set.of("INGEST", "AGGREGATOR", "QUERY")) {
            ports.put(process + "_ADMIN_PORT", Integer.toString(Ports.free()));
        }
        var there = new TreeSet<String>();
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), ports)) {
            assertThat(service.totalClicks(1)).isZero();
            for (String port : ports.values()) {
                there.addAll(metrics(
                        Exposition.get(Integer.parseInt(port), "/metrics").body()));
            }
        }

        var asked = metrics(Files.readString(MONITORING.resolve("alerts.yml")));
        asked.addAll(metrics(Files.readString(MONITORING.resolve("grafana/dashboards/click-counter.json"))));
        assertThat(asked).hasSizeGreaterThan(10);
        assertThat(there).containsAll(asked);
    }

    @Test
    void everyAlertIsExplained() throws IOException {
        String operations = Files.readString(TestProcess.ROOT.resolve("OPERATIONS.md"));
        String alerts = Files.readString(MONITORING.resolve("alerts.yml"));
        assertThat(ALERT.matcher(alerts).results().map(alert -> alert.group(1)))
                .isNotEmpty()
                .allSatisfy(alert -> assertThat(operations).contains("| `" + alert + "` |"));
    }

    private static Set<String> metrics(String text) {
        return METRIC.matcher(text)
                .results()
                .map(metric -> metric.group())
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
