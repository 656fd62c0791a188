package clickcounter.shared;

import clickcounter.shared.Logging.LoggingSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The life of a process, the same for all: it reads the settings, starts, says that it is ready, waits for a
/// signal or for a reason to stop, closes everything in order, and exits with an [ExitCode].
///
/// While it is ready, the file `DATA_DIR/run/NAME.ready` holds its process id; the supervisor waits for that.
public final class ProcessMain {
    /// The JVM flag of a process that must not outlive the process that started it: it stops when its standard
    /// input ends, as if a signal had asked it to.
    public static final String DEPENDENT = "-Dclickcounter.dependent=true";

    private static final Duration MAX_CLOSE = Duration.ofSeconds(40);

    /// Starts a process without the signals; `main` uses it, and so do tests.
    @FunctionalInterface
    public interface Starter {
        /// Starts everything and returns when it is ready. Threads end the process later by ending `lifetime`.
        ///
        /// **Errors**: [StartFailure] when the operator can fix the cause; what was opened is closed again.
        AutoCloseable start(SettingsReader settings, Lifetime lifetime) throws Exception;
    }

    private ProcessMain() {}

    /// Runs a process from start to exit. Does not return.
    public static void run(String name, Starter starter) {
        var settings = SettingsReader.ofProcess();
        run(name, settings, maxClose(settings), starter);
    }

    /// Runs a process from start to exit. Does not return.
    ///
    /// @param maxClose how long closing may take before the process is halted
    public static void run(String name, Duration maxClose, Starter starter) {
        run(name, SettingsReader.ofProcess(), maxClose, starter);
    }

    /// Returns how long a process may take to stop: requests may be served for `SERVICE_DRAIN_DELAY`, may finish
    /// within `SERVICE_SHUTDOWN_GRACE`, those that are relayed once more, and then the rest is closed.
    public static Duration maxClose(SettingsReader settings) {
        Duration grace = settings.duration(Setting.SERVICE_SHUTDOWN_GRACE, Duration.ZERO, Duration.ofMinutes(5));
        return settings.duration(Setting.SERVICE_DRAIN_DELAY, Duration.ZERO, Duration.ofMinutes(1))
                .plus(grace.multipliedBy(2))
                .plus(MAX_CLOSE);
    }

    private static void run(String name, SettingsReader settings, Duration maxClose, Starter starter) {
        Logging.configure(LoggingSettings.read(settings), name);
        var lifetime = new Lifetime();
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> endAfter(failure, thread, lifetime));
        var exitCode = new CompletableFuture<ExitCode>();
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform().name("signal").unstarted(() -> exitAfterClose(lifetime, exitCode)));
        Thread.ofPlatform().name("end").daemon().start(() -> haltIfCloseHangs(lifetime, exitCode, maxClose));
        if (Boolean.getBoolean(DEPENDENT.substring(2, DEPENDENT.indexOf('=')))) {
            Thread.ofPlatform().name("standard-input").daemon().start(() -> endWithStandardInput(lifetime));
        }
        ExitCode code = run(name, starter, settings, maxClose, lifetime);
        exitCode.complete(code);
        System.exit(code.status());
    }

    /// Halts the process if `failure` was caused by a lack of memory or by a failure of the Java virtual machine.
    /// Code that catches every error and continues must call this first. When the heap is full, the virtual machine
    /// halts by itself; this covers memory outside the heap, and threads that cannot be started.
    public static void haltIfBroken(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            // A stack that has overflowed is free again.
            if (cause instanceof VirtualMachineError && !(cause instanceof StackOverflowError)) {
                try {
                    LoggerFactory.getLogger(ProcessMain.class)
                            .error("halted: there is no memory left, or the Java virtual machine has failed", failure);
                } finally {
                    Runtime.getRuntime().halt(ExitCode.NO_MEMORY.status());
                }
            }
        }
    }

    /// The release that is running; `development` where the classes come from no jar.
    public static String version() {
        return Objects.requireNonNullElse(ProcessMain.class.getPackage().getImplementationVersion(), "development");
    }

    private static ExitCode run(
            String name, Starter starter, SettingsReader settings, Duration maxClose, Lifetime lifetime) {
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
            if (!lifetime.hasEnded()) {
                Files.createDirectories(readyFile.getParent());
                Files.writeString(
                        readyFile, Long.toString(ProcessHandle.current().pid()));
                logger.info(
                        "ready after {} ms",
                        ManagementFactory.getRuntimeMXBean().getUptime());
            }
            end = lifetime.await();
            if (end.code() == ExitCode.LOG_FAULT) {
                // Closing would write; the log is safest as it is.
                logger.error("halted: {}", end.reason());
                Runtime.getRuntime().halt(end.code().status());
            }
            Files.deleteIfExists(readyFile);
            if (end.code() == ExitCode.STOPPED) {
                logger.info("stopping: {}; halts after {} s", end.reason(), maxClose.toSeconds());
            } else {
                logger.error("stopping: {}", end.reason());
            }
        } catch (StartFailure failure) {
            if (lifetime.hasEnded()) {
                // The signal may have reached a helper of the start, too, and made it fail.
                logger.info("stopped before it was ready: {}", failure.getMessage());
                return ExitCode.STOPPED;
            }
            logger.error("{}", failure.getMessage());
            logger.debug("the failure in full", failure);
            return failure.code();
        } catch (StopFailure failure) {
            logger.error("{}", failure.getMessage());
            return failure.code();
        } catch (Throwable unexpected) {
            haltIfBroken(unexpected);
            logger.error("stopped by an unexpected error; please report it", unexpected);
            return ExitCode.UNEXPECTED;
        }
        logger.info("stopped");
        return end.code();
    }

    /// Runs after SIGTERM, SIGINT, SIGHUP and [System#exit]: lets the main thread close everything, then exits
    /// with its code instead of the signal's.
    private static void exitAfterClose(Lifetime lifetime, CompletableFuture<ExitCode> exitCode) {
        lifetime.end(ExitCode.STOPPED, "asked to stop by a signal");
        Runtime.getRuntime().halt(exitCode.join().status());
    }

    /// Whatever has ended the process, it must not hang while it closes, because nothing would start it again.
    private static void haltIfCloseHangs(Lifetime lifetime, CompletableFuture<ExitCode> exitCode, Duration maxClose) {
        ExitCode code = lifetime.await().code();
        boolean isClosed = exitCode.thenApply(_ -> true)
                .completeOnTimeout(false, maxClose.toMillis(), TimeUnit.MILLISECONDS)
                .join();
        if (!isClosed) {
            LoggerFactory.getLogger(ProcessMain.class)
                    .error("halted: closing has taken longer than {} s", maxClose.toSeconds());
            Runtime.getRuntime().halt((code == ExitCode.STOPPED ? ExitCode.UNEXPECTED : code).status());
        }
    }

    /// A thread that nobody watches has failed. What it did is not done any more, so the process must start again.
    private static void endAfter(Throwable failure, Thread thread, Lifetime lifetime) {
        haltIfBroken(failure);
        LoggerFactory.getLogger(ProcessMain.class).error("the thread {} has failed", thread.getName(), failure);
        lifetime.end(ExitCode.UNEXPECTED, "the thread %s has failed: %s".formatted(thread.getName(), failure));
    }

    private static void endWithStandardInput(Lifetime lifetime) {
        try {
            System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException noInput) {
            // The same as its end.
        }
        lifetime.end(ExitCode.STOPPED, "the process that started it has ended");
    }
}
