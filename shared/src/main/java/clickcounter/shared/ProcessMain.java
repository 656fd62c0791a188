package clickcounter.shared;

import clickcounter.shared.Logging.LoggingSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The life of a process, the same for all: read the settings, start, say that it is ready, wait for a signal
/// or for a reason to stop, close in order, exit with an [ExitCode].
///
/// While it is ready, the file `DATA_DIR/run/<name>.ready` holds its process id; `run.sh` waits for it.
public final class ProcessMain {
    private static final long MAX_CLOSE_SECONDS = 60;

    /// What `main` starts and tests start too: a process without the signals.
    @FunctionalInterface
    public interface Starter {
        /// Starts everything and returns when it is ready. `lifetime` is how its threads end the process later.
        ///
        /// **Errors**: [StartFailure] when the operator can mend it; what was opened is closed again.
        AutoCloseable start(SettingsReader settings, Lifetime lifetime) throws Exception;
    }

    private ProcessMain() {}

    /// Runs a process from start to exit. Does not return.
    public static void run(String name, Starter starter) {
        var settings = SettingsReader.ofProcess();
        Logging.configure(LoggingSettings.read(settings), name);
        var lifetime = new Lifetime();
        var exitCode = new CompletableFuture<ExitCode>();
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform().name("signal").unstarted(() -> exitAfterClose(lifetime, exitCode)));
        ExitCode code = run(name, starter, settings, lifetime);
        exitCode.complete(code);
        System.exit(code.status());
    }

    /// The release that is running; `development` where the classes come from no jar.
    public static String version() {
        return Objects.requireNonNullElse(ProcessMain.class.getPackage().getImplementationVersion(), "development");
    }

    private static ExitCode run(String name, Starter starter, SettingsReader settings, Lifetime lifetime) {
        Logger logger = LoggerFactory.getLogger("clickcounter." + name);
        Path readyFile = settings.path(Setting.DATA_DIR).resolve("run").resolve(name + ".ready");
        List<String> differences = settings.differences();
        logger.info(
                "Click Counter {} starts on Java {}, {}",
                version(),
                Runtime.version(),
                differences.isEmpty() ? "all settings at their defaults" : "with " + String.join(" ", differences));
        Lifetime.End end;
        try (AutoCloseable _ = starter.start(settings, lifetime)) {
            writeReadyFile(readyFile);
            logger.info(
                    "ready after {} ms", ManagementFactory.getRuntimeMXBean().getUptime());
            end = lifetime.await();
            if (end.code() == ExitCode.LOG_FAULT) {
                // Closing would write; the log is safest as it is.
                logger.error("halted: {}", end.reason());
                Runtime.getRuntime().halt(end.code().status());
            }
            Files.deleteIfExists(readyFile);
            if (end.code() == ExitCode.STOPPED) {
                logger.info("stopping: {}", end.reason());
            } else {
                logger.error("stopping: {}", end.reason());
            }
        } catch (StartFailure failure) {
            logger.error("{}", failure.getMessage());
            logger.debug("the failure in full", failure);
            return failure.code();
        } catch (Throwable unexpected) {
            logger.error("stopped by an unexpected error; please report it", unexpected);
            return ExitCode.UNEXPECTED;
        }
        logger.info("stopped");
        return end.code();
    }

    /// The hook of SIGTERM and SIGINT: lets the main thread close everything, then exits with its code instead
    /// of the signal's. After [System#exit] there is nothing left to wait for.
    private static void exitAfterClose(Lifetime lifetime, CompletableFuture<ExitCode> exitCode) {
        lifetime.end(ExitCode.STOPPED, "asked to stop by a signal");
        ExitCode code = exitCode.completeOnTimeout(ExitCode.UNEXPECTED, MAX_CLOSE_SECONDS, TimeUnit.SECONDS)
                .join();
        Runtime.getRuntime().halt(code.status());
    }

    private static void writeReadyFile(Path file) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, Long.toString(ProcessHandle.current().pid()));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
