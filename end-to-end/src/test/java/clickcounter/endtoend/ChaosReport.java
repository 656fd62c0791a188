package clickcounter.endtoend;

import clickcounter.endtoend.Availability.Silence;
import clickcounter.endtoend.Availability.State;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What happened in a chaos run; written to `target/chaos-report.json` and `target/chaos-report.md`.
///
/// **Threads**: one.
final class ChaosReport {
    private static final Path FOLDER = Path.of("target");

    private final long startNs = System.nanoTime();
    private final Map<String, Integer> faults = new TreeMap<>();
    private final Map<String, Object> figures = new LinkedHashMap<>();
    private Map<String, Integer> exits = Map.of();
    private int rounds;
    private int comparedRounds;
    private int committingRounds;
    private long lost;
    private long twice;

    ChaosReport(long seed) {
        figures.put("seed", seed);
        figures.put("minutes", 0L);
    }

    /// @param isCommitting whether an ingest process waits for the disk before it answers
    void round(List<Fault> dealt, boolean isCommitting) {
        rounds++;
        committingRounds += isCommitting ? 1 : 0;
        System.out.printf(
                "round %d: %s%n", rounds, dealt.stream().map(Fault::name).toList());
        dealt.forEach(fault -> faults.merge(fault.name(), 1, Integer::sum));
    }

    /// Says once why a fault does not happen.
    void leftOut(String fault, String because) {
        System.out.printf("left out: %s, because %s%n", fault, because);
        figures.put("left out: " + fault, because);
    }

    void compared(long missing, long surplus) {
        comparedRounds++;
        lost += missing;
        twice += surplus;
    }

    void totals(SentClicks sent, Availability availability, Auditor auditor, Restarter restarter) {
        figures.put("minutes", Duration.ofNanos(System.nanoTime() - startNs).toMinutes());
        figures.put("rounds", rounds);
        figures.put("rounds with an exact comparison at the end", comparedRounds);
        figures.put("rounds with LOG_SYNC=commit in an ingest process", committingRounds);
        figures.put(
                "faults", faults.values().stream().mapToInt(Integer::intValue).sum());
        figures.put("clicks acknowledged", sent.acknowledgedClicks());
        figures.put("clicks without an answer", sent.unansweredClicks());
        figures.put("clicks refused (503)", sent.refusedClicks());
        figures.put("acknowledged clicks lost", lost);
        figures.put("clicks counted twice", twice);
        figures.put("statistics compared under load", auditor.completeAnswers());
        figures.put("statistics that said they were incomplete", auditor.incompleteAnswers());
        figures.put("statistics refused (503)", auditor.refusals());
        figures.put("statistics without an answer", auditor.unansweredQuestions());
        figures.put("wrong statistics under load", auditor.violations().size());
        silence("an ingest process ready", availability.longestSilence(State.READY));
        silence("one ingest process frozen", availability.longestSilence(State.ONE_IS_FROZEN));
        exits = restarter.exits();
    }

    private void silence(String state, Silence silence) {
        figures.put(
                "longest time without a 204, " + state,
                "%d ms (%d ms with the machine's own stalls) during: %s"
                        .formatted(
                                silence.ofTheService().toMillis(),
                                silence.length().toMillis(),
                                silence.during()));
    }

    /// Writes both files and prints the second one.
    void write() {
        Map<String, Object> all = new LinkedHashMap<>(figures);
        all.put("faults by kind", faults);
        all.put("ends of processes by exit code", exits);
        try {
            Files.createDirectories(FOLDER);
            Files.writeString(
                    FOLDER.resolve("chaos-report.json"),
                    new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(all));
            Files.writeString(FOLDER.resolve("chaos-report.md"), markdown());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        System.out.println(markdown());
    }

    private String markdown() {
        var text = new StringBuilder();
        table(text, "", figures);
        table(text, "fault", faults);
        table(text, "end of a process, with its exit code", exits);
        return text.toString();
    }

    private static void table(StringBuilder text, String title, Map<String, ?> rows) {
        text.append("| %s | |%n|---|---|%n".formatted(title));
        rows.forEach((name, value) -> text.append("| %s | %s |%n".formatted(name, value)));
        text.append(System.lineSeparator());
    }
}
