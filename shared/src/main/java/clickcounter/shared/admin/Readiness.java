package clickcounter.shared.admin;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whether a process does its work at the moment: a list of checks by name, none of which holds before it was
/// proven for the first time.
///
/// **Threads**: any.
public final class Readiness {
    /// The check that fails when the process stops.
    static final String RUNNING = "running";

    private static final Check UNPROVEN = () -> "Not proven yet: the process is starting.";

    private final Map<String, Check> checks = new LinkedHashMap<>();

    /// One condition. It looks at what is known already: whoever asks must not wait, nor cost the database
    /// anything.
    @FunctionalInterface
    public interface Check {
        /// What is wrong, as a sentence; null when nothing is.
        @Nullable
        String problem();
    }

    /// What a check has found; `problem` is null when it holds.
    record Finding(String check, @Nullable String problem) {
        boolean isOk() {
            return problem == null;
        }
    }

    /// With the names of all checks, in the order in which they are shown.
    public Readiness(String... names) {
        checks.put(RUNNING, UNPROVEN);
        for (String name : names) {
            checks.put(name, UNPROVEN);
        }
    }

    /// From now on the check says itself whether it holds.
    public synchronized void prove(String name, Check check) {
        if (checks.replace(name, check) == null) {
            throw new IllegalArgumentException("There is no check \"%s\".".formatted(name));
        }
    }

    /// Everything is started.
    public void started() {
        prove(RUNNING, () -> null);
    }

    /// Not ready from now on, for good.
    public void stopping() {
        prove(RUNNING, () -> "The process is stopping.");
    }

    /// All checks, each asked once.
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
