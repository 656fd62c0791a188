package clickcounter.shared.admin;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whether a process can do its work now: a list of named checks, each of which fails until [#prove] is called.
///
/// **Threads**: any.
public final class Readiness {
    /// The check that fails when the process stops.
    static final String RUNNING = "running";

    private static final Check UNPROVEN = () -> "Not known yet: the process is starting.";

    private final Map<String, Check> checks = new LinkedHashMap<>();

    private volatile Check life = () -> null;

    /// A condition. It must answer from what is already known: it may neither wait nor query the database.
    @FunctionalInterface
    public interface Check {
        /// Returns what is wrong, as a sentence, or null if the check holds.
        @Nullable
        String problem();
    }

    /// The result of a check; `problem` is null if the check holds.
    record Finding(String check, @Nullable String problem) {
        boolean isOk() {
            return problem == null;
        }
    }

    /// Names all checks, in the order in which they are shown.
    public Readiness(String... names) {
        checks.put(RUNNING, UNPROVEN);
        for (String name : names) {
            checks.put(name, UNPROVEN);
        }
    }

    /// Lets `check` decide from now on whether the check of that name holds.
    public synchronized void prove(String name, Check check) {
        if (checks.replace(name, check) == null) {
            throw new IllegalArgumentException("There is no check \"%s\".".formatted(name));
        }
    }

    /// Lets `check`, which may take a moment, decide from now on whether the process is alive. A process that is not
    /// can only be started again.
    public void livesWhile(Check check) {
        life = check;
    }

    /// Returns why the process is not alive, or null if it is.
    @Nullable
    String lifeProblem() {
        return life.problem();
    }

    public void started() {
        prove(RUNNING, () -> null);
    }

    /// Marks the process as stopping, which is final. It is alive as long as it takes to stop.
    public void stopping() {
        life = () -> null;
        prove(RUNNING, () -> "The process is stopping.");
    }

    List<Finding> findings() {
        Map<String, Check> asked;
        synchronized (this) {
            asked = new LinkedHashMap<>(checks);
        }
        List<Finding> findings = new ArrayList<>();
        asked.forEach((name, check) -> findings.add(new Finding(name, check.problem())));
        return findings;
    }
}
