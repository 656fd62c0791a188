package clickcounter.supervisor;

import clickcounter.shared.ProcessMain;
import java.time.Duration;

/// The process that `./run.sh` starts when it is given no command.
public final class SupervisorMain {
    /// Long enough for every member of the service to be killed, one after the other, because it does not stop.
    private static final Duration MAX_CLOSE = Duration.ofMinutes(10);

    private SupervisorMain() {}

    /// Runs the service until a signal ends it.
    public static void main(String[] arguments) {
        ProcessMain.run("run", MAX_CLOSE, Supervisor::start);
    }
}
