package clickcounter.tools;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.clock.HostClock;
import clickcounter.shared.clock.MachineClock;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import clickcounter.shared.log.LogSettings.MinFree;
import clickcounter.testing.MovedMachine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import net.openhft.chronicle.queue.impl.TableStore;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `./run.sh log`, on a log of two files that is open for writing.
final class LogCommandTest {
    private static final Instant START = Instant.parse("2026-03-01T10:00:00Z");

    @TempDir
    Path dataDir;

    private Path folder;

    private final AtomicLong clockMs = new AtomicLong();
    private final List<Long> positions = new ArrayList<>();
    private ClickWriter writer;

    @BeforeEach
    void write() {
        folder = dataDir.resolve("log");
        writer = ClickWriter.open(
                new LogSettings(folder, new MinFree(0, 0), Duration.ofSeconds(1)), new Lifetime(), clockMs::get);
        click(7, START);
        click(8, START.plusMillis(7));
        click(7, START.plusSeconds(61));
        click(Long.MAX_VALUE, START.plus(Duration.ofMinutes(12)).plusMillis(42));
        try (var reader = ClickReader.inspect(folder)) {
            reader.read(100, (index, _, _) -> positions.add(index));
        }
    }

    @AfterEach
    void close() {
        writer.close();
    }

    @Test
    void showsAllClicks() {
        assertThat(run("show"))
                .containsExactly(
                        "2026-03-01T10:00:00.000Z  banner 7  " + hex(0),
                        "2026-03-01T10:00:00.007Z  banner 8  " + hex(1),
                        "2026-03-01T10:01:01.000Z  banner 7  " + hex(2),
                        "2026-03-01T10:12:00.042Z  banner 9223372036854775807  " + hex(3));
    }

    @Test
    void showsTheClicksOfARangeAndABanner() {
        assertThat(run("show", "--from", "2026-03-01T10:00:00.007Z", "--to", "2026-03-01T10:12:00.042Z"))
                .extracting(line -> line.substring(0, 36))
                .containsExactly("2026-03-01T10:00:00.007Z  banner 8  ", "2026-03-01T10:01:01.000Z  banner 7  ");
        assertThat(run("show", "--banner", "7")).hasSize(2).allMatch(line -> line.contains("  banner 7  "));
        assertThat(run("show", "--from=2026-03-01T10:10:00Z")).hasSize(1);
        assertThat(run("show", "--from=2026-03-01T10:20:00Z")).isEmpty();
    }

    @Test
    void exportsForPrograms() {
        assertThat(run("export", "--format", "csv", "--to", "2026-03-01T10:01:00Z"))
                .containsExactly(
                        "time,banner,position",
                        "2026-03-01T10:00:00.000Z,7," + positions.get(0),
                        "2026-03-01T10:00:00.007Z,8," + positions.get(1));
        assertThat(run("export", "--format=ndjson", "--banner", Long.toString(Long.MAX_VALUE)))
                .containsExactly(
                        "{\"time\":\"2026-03-01T10:12:00.042Z\",\"banner\":\"9223372036854775807\",\"position\":\"%d\"}"
                                .formatted(positions.get(3)));
    }

    @Test
    void showsAndAcceptsAJumpOfTheClock() {
        HostClock.start(folder, new MovedMachine(Duration.ofDays(-3)), new Lifetime())
                .close();
        assertThat(run("clock"))
                .hasSize(4)
                .last()
                .asString()
                .startsWith("The system clock has jumped, and the clicks do not follow it.");
        assertThat(run("clock", "--accept")).last().asString().startsWith("The clicks follow the system clock again");
        assertThat(run("clock", "--accept"))
                .last()
                .isEqualTo("The clicks follow the system clock: there is nothing to do.");
    }

    @Test
    void exportsMoreThanOneBatch() {
        for (int click = 0; click < 25_000; click++) {
            click(9, START.plus(Duration.ofMinutes(13)).plusMillis(click));
        }
        assertThat(run("export", "--format", "csv", "--banner", "9"))
                .hasSize(25_001)
                .doesNotHaveDuplicates();
    }

    @Test
    void listsTheFiles() {
        List<String> lines = run("stats");

        assertThat(lines).hasSize(5);
        assertThat(lines.get(0)).startsWith("log ").endsWith(" in " + folder);
        assertThat(lines.get(1)).matches("begins +clicks +MiB used +file");
        assertThat(lines.get(2)).matches("2026-03-01T10:00:00Z +3 +\\d+\\.\\d +20260301-1000\\w*\\.cq4");
        assertThat(lines.get(3)).matches("2026-03-01T10:10:00Z +1 +\\d+\\.\\d +20260301-1010\\w*\\.cq4");
        assertThat(lines.get(4)).matches("all +4 +\\d+\\.\\d +2 files");
    }

    @Test
    void printsTheLastClicksAndThoseThatComeAlsoInNewFiles() throws Exception {
        BlockingQueue<String> printed = new ArrayBlockingQueue<>(100);
        var out = new PrintStream(
                new ByteArrayOutputStream() {
                    @Override
                    public void flush() {
                        toString(StandardCharsets.UTF_8).lines().forEach(printed::add);
                        reset();
                    }
                },
                true,
                StandardCharsets.UTF_8);
        Thread tailing = Thread.ofPlatform()
                .start(() ->
                        ToolsMain.run(command(dataDir, out), out, System.err, "tail", "--lines", "2", "--banner=7"));
        try {
            assertThat(next(printed)).startsWith("2026-03-01T10:01:01.000Z  banner 7");
            click(8, START.plus(Duration.ofMinutes(12)).plusSeconds(1));
            click(7, START.plus(Duration.ofMinutes(12)).plusSeconds(2));
            assertThat(next(printed)).startsWith("2026-03-01T10:12:02.000Z  banner 7");
            click(7, START.plus(Duration.ofMinutes(44)));
            assertThat(next(printed)).startsWith("2026-03-01T10:44:00.000Z  banner 7");
        } finally {
            tailing.interrupt();
            tailing.join();
        }
        assertThat(printed).isEmpty();
    }

    @Test
    void changesNothingInTheFolder() throws IOException {
        var before = content();
        run("show");
        run("stats");
        run("export", "--format", "csv");
        assertThat(content()).isEqualTo(before);
    }

    @Test
    void findsTheLockFree() {
        assertThat(run("unlock")).containsExactly("The lock is free: there is nothing to do.");
    }

    /// The id of the killed writer belongs to another process now.
    @Test
    void freesTheLockOfAKilledWriterWhoseIdIsInUseAgain() throws IOException {
        long anotherProcess = lockAsAnotherProcess("1");

        assertThat(run("unlock"))
                .containsExactly(
                        "The lock was held by process %d, which is dead. It is free now.".formatted(anotherProcess));
        assertThat(run("unlock")).containsExactly("The lock is free: there is nothing to do.");
    }

    @Test
    void leavesTheLockOfALivingWriter() throws IOException {
        long parent = ProcessHandle.current().parent().orElseThrow().pid();
        String startTime = Files.readString(Path.of("/proc/" + parent + "/stat"))
                .replaceAll("(?s).*\\) ", "")
                .split(" ", -1)[19];
        lockAsAnotherProcess(startTime);

        for (int attempt = 0; attempt < 2; attempt++) {
            Run run = Run.of(out -> command(dataDir, out), "unlock");
            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.out()).startsWith("The lock is held by process %d, which is alive (".formatted(parent));
        }
    }

    /// Leaves the lock and the mark of a writer that had the process id of this JVM's parent, and was started at this
    /// time since the boot. No writer is running any more that would free the lock.
    private long lockAsAnotherProcess(String startTime) throws IOException {
        writer.close();
        long parent = ProcessHandle.current().parent().orElseThrow().pid();
        Files.writeString(folder.resolve("writing-" + parent), MachineClock.currentBootId() + "\n" + startTime + "\n");
        try (TableStore<Metadata.NoMeta> metadata = SingleTableBuilder.binary(
                        folder.resolve(SingleChronicleQueue.QUEUE_METADATA_FILE), Metadata.NoMeta.INSTANCE)
                .readOnly(false)
                .build()) {
            metadata.acquireValueFor("chronicle.write.lock").setVolatileValue(parent);
        }
        return parent;
    }

    @ParameterizedTest
    @CsvSource(delimiterString = "=>", quoteCharacter = '`', textBlock = """
            ``                  => Missing required subcommand. ./run.sh log --help explains the command.
            head                => "head" is not understood. ./run.sh log --help explains the command.
            tial                => "tial" is not understood. Did you mean tail? ./run.sh log --help explains the command.
            export              => Missing required option: '--format=csv|ndjson'. ./run.sh log export --help explains the command.
            export --format xml => --format is "xml": use csv or ndjson.
            show --banner 0     => Invalid value for option '--banner': "0" is not a whole number from 1 to 9223372036854775807. ./run.sh log show --help explains the command.
            tail --lines ten    => Invalid value for option '--lines': "ten" is not a whole number from 1 to 9223372036854775807. ./run.sh log tail --help explains the command.
            show --bannr 7      => "--bannr" is not understood. Did you mean --banner? ./run.sh log show --help explains the command.
            """)
    void saysWhatIsWrongWithTheWords(String words, String message) {
        assertRefused(message, dataDir, words.isEmpty() ? new String[0] : words.split(" ", -1));
    }

    @Test
    void refusesAFolderWithoutALog() {
        for (String command : List.of("unlock", "reader")) {
            assertRefused(
                    "There is no click log in %s. Set DATA_DIR to its folder.".formatted(folder.resolve("log")),
                    folder,
                    command);
        }
    }

    @Test
    void explainsItself() {
        assertThat(String.join("\n", run("--help")))
                .startsWith("Usage: ./run.sh log ")
                .contains("tail", "show", "export", "stats", "unlock", "reader");
        assertThat(run("help")).isEqualTo(run("-h")).isEqualTo(run("--help"));
        assertThat(run("tail", "--help")).first().asString().startsWith("Usage: ./run.sh log tail ");
    }

    private static void assertRefused(String message, Path dataDir, String... words) {
        assertThat(Run.of(out -> command(dataDir, out), words))
                .isEqualTo(new Run(2, "", "run.sh log: " + message + "\n"));
    }

    private void click(long bannerId, Instant time) {
        clockMs.set(time.toEpochMilli());
        writer.append(bannerId);
    }

    private static String next(BlockingQueue<String> printed) throws InterruptedException {
        String line = printed.poll(60, TimeUnit.SECONDS);
        assertThat(line).isNotNull();
        return line;
    }

    private String hex(int click) {
        return "0x" + Long.toHexString(positions.get(click));
    }

    private List<String> run(String... words) {
        Run run = Run.of(out -> command(dataDir, out), words);
        assertThat(run.exitCode()).as(run::error).isZero();
        return run.out().lines().toList();
    }

    private static LogCommand command(Path dataDir, PrintStream out) {
        var settings = new SettingsReader(Map.of("DATA_DIR", dataDir.toString()));
        return new LogCommand(settings, out);
    }

    /// Names, sizes, permissions and times of change.
    private Map<String, String> content() throws IOException {
        var content = new TreeMap<String, String>();
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                content.put(
                        file.getFileName().toString(),
                        "%d %s %s"
                                .formatted(
                                        Files.size(file),
                                        PosixFilePermissions.toString(Files.getPosixFilePermissions(file)),
                                        Files.getLastModifiedTime(file)));
            }
        }
        return content;
    }
}
