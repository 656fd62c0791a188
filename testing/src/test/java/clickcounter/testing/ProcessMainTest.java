package clickcounter.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.ExitCode;
import clickcounter.shared.PeriodicTask;
import clickcounter.shared.ProcessMain;
import clickcounter.shared.Setting;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.HttpSettings;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import clickcounter.shared.log.LogSettings.MinFree;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.http.HttpRouting;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// How real processes end, and with which exit code.
@Timeout(180)
class ProcessMainTest {
    @TempDir
    Path folder;

    /// Does nothing until it is stopped.
    static final class Idle {
        public static void main(String[] arguments) {
            ProcessMain.run("idle", (_, _) -> () -> {});
        }
    }

    @Test
    void hasAsMuchTimeToCloseAsItsSettingsAllow() {
        try (var process = start(Idle.class, Map.of("SERVICE_SHUTDOWN_GRACE", "1m", "SERVICE_DRAIN_DELAY", "5s"))) {
            assertThat(process.awaitReady().stop()).isEqualTo(ExitCode.STOPPED.status());
            assertThat(process.output()).contains("stopping: asked to stop by a signal; halts after 165 s");
        }
    }

    /// Never ends to close. If it has an argument, a thread that nobody watches fails.
    static final class Hanging {
        public static void main(String[] arguments) {
            ProcessMain.run("hanging", Duration.ofMillis(1_500), (_, _) -> {
                if (arguments.length > 0) {
                    startWorker(() -> {
                        throw new IllegalStateException("out of order");
                    });
                }
                return () -> Thread.currentThread().join();
            });
        }
    }

    @Test
    void isHaltedIfItDoesNotCloseInTime() {
        try (var process = start(Hanging.class, Map.of())) {
            assertThat(process.awaitReady().stop()).isEqualTo(ExitCode.UNEXPECTED.status());
            assertThat(process.output()).contains("halted: closing has taken longer than 1 s");
        }
    }

    @Test
    void isHaltedIfItDoesNotCloseInTimeAfterAFailure() {
        try (var process = start(Hanging.class, Map.of(), "fail")) {
            assertThat(process.awaitEnd()).isEqualTo(ExitCode.UNEXPECTED.status());
            assertThat(process.output())
                    .contains("stopping: the thread worker has failed")
                    .contains("halted: closing has taken longer than 1 s");
        }
    }

    /// Has a thread that nobody watches, and that fails.
    static final class Failing {
        public static void main(String[] arguments) {
            ProcessMain.run("failing", (_, _) -> {
                startWorker(() -> {
                    throw new IllegalStateException("out of order");
                });
                return () -> System.out.println("closed in order");
            });
        }
    }

    @Test
    void endsWhenAThreadFailsThatNobodyWatches() {
        try (var process = start(Failing.class, Map.of())) {
            assertThat(process.awaitEnd()).isEqualTo(ExitCode.UNEXPECTED.status());
            assertThat(process.output())
                    .contains("the thread worker has failed", "java.lang.IllegalStateException: out of order")
                    .contains("closed in order");
        }
    }

    /// Appends a click to a log that is forced to disk only at the end, when a file of the log cannot be forced,
    /// because it is none.
    static final class LastForce {
        public static void main(String[] arguments) {
            ProcessMain.run("last-force", (settings, lifetime) -> {
                Path log = settings.path(Setting.DATA_DIR).resolve("log");
                var writer = ClickWriter.open(new LogSettings(log, new MinFree(0, 0), Duration.ofHours(1)), lifetime);
                writer.append(1);
                try (var cycles = Files.newDirectoryStream(log, "*.cq4")) {
                    String name = cycles.iterator().next().getFileName().toString();
                    Files.createDirectory(log.resolve("2999" + name.substring(4)));
                }
                return writer;
            });
        }
    }

    @Test
    void saysWithItsExitCodeThatTheLastClicksMayNotBeOnDisk() {
        try (var process = start(LastForce.class, Map.of())) {
            assertThat(process.awaitReady().stop()).isEqualTo(ExitCode.LOG_FAULT.status());
            assertThat(process.output()).contains("the last clicks may not be on disk");
        }
    }

    /// Takes all memory beside the heap, which the JVM does not notice by itself, in the handler of a request or
    /// in a thread.
    static final class Hoarder {
        public static void main(String[] arguments) {
            ProcessMain.run("hoarder", (settings, lifetime) -> switch (arguments[0]) {
                case "task" -> PeriodicTask.start("task", Duration.ZERO, lifetime, Hoarder::hoard);
                case "thread" -> {
                    startWorker(Hoarder::hoard);
                    yield () -> {};
                }
                default ->
                    HttpListener.start(
                            HttpSettings.read(settings, Setting.QUERY_ADDRESS, Setting.QUERY_PORT),
                            HttpRouting.builder().get("/hoard", (_, _) -> hoard()),
                            MediaContext.create(),
                            new PrometheusRegistry());
            });
        }

        private static void hoard() {
            ByteBuffer[] hoard = new ByteBuffer[1_000];
            for (int at = 0; ; at++) {
                hoard[at] = ByteBuffer.allocateDirect(1 << 20);
            }
        }
    }

    @Test
    void haltsWithoutMemoryInAHandler() throws IOException {
        int port = Ports.free();
        try (var process = startHoarder("handler", port)) {
            process.awaitReady();
            try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.getOutputStream().write("GET /hoard HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(US_ASCII));
                assertHaltsWithoutMemory(process);
            }
        }
    }

    @Test
    void haltsWithoutMemoryInAPeriodicTask() {
        try (var process = startHoarder("task", 0)) {
            assertHaltsWithoutMemory(process);
        }
    }

    @Test
    void haltsWithoutMemoryInAThreadThatNobodyWatches() {
        try (var process = startHoarder("thread", 0)) {
            assertHaltsWithoutMemory(process);
        }
    }

    private TestProcess startHoarder(String where, int port) {
        return start(
                Hoarder.class,
                Map.of("JDK_JAVA_OPTIONS", "-XX:MaxDirectMemorySize=32m", "QUERY_PORT", Integer.toString(port)),
                where);
    }

    private static void assertHaltsWithoutMemory(TestProcess process) {
        assertThat(process.awaitEnd()).isEqualTo(ExitCode.NO_MEMORY.status());
        assertThat(process.output()).contains("halted: there is no memory left");
    }

    private static void startWorker(Runnable work) {
        Thread.ofPlatform().name("worker").daemon().start(work);
    }

    private TestProcess start(Class<?> main, Map<String, String> settings, String... arguments) {
        Map<String, String> environment = new HashMap<>(settings);
        environment.put("DATA_DIR", folder.resolve("data").toString());
        return TestProcess.startJava(main, folder, environment, arguments);
    }
}
