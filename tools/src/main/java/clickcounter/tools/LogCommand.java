package clickcounter.tools;

import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseProbe;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.DatabaseTime;
import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import clickcounter.shared.clock.ClockFile;
import clickcounter.shared.clock.ClockState;
import clickcounter.shared.clock.MachineClock;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogCycle;
import clickcounter.shared.log.WriteLock;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Stack;
import java.util.concurrent.locks.LockSupport;
import net.openhft.chronicle.queue.ChronicleReaderMain;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `./run.sh log`: looks into the click log, frees its lock, and accepts the system clock after a jump. Nothing
/// here disturbs the processes that write the log.
@Command(
        name = "./run.sh log",
        description = """
            Looks into the click log. Clicks are printed in the order of the log. All commands but unlock and "clock --accept" \
            only read, and may run beside everything else.""",
        exitCodeList = {
            "0:The command has done its work.",
            "1:unlock: a living process holds the lock.",
            "2:The command has not done its work; the message says why."
        })
final class LogCommand {
    private static final int BATCH_RECORDS = 10_000;
    private static final Duration TAIL_PAUSE = Duration.ofMillis(100);
    private static final double BYTES_PER_MIB = 1 << 20;

    private final SettingsReader settings;
    private final PrintStream out;
    private final StringBuilder lines = new StringBuilder();

    LogCommand(SettingsReader settings, PrintStream out) {
        this.settings = settings;
        this.out = out;
    }

    /// The folder of the log.
    static Path folder(SettingsReader settings) {
        return settings.path(Setting.DATA_DIR).resolve("log");
    }

    private Path existingFolder() {
        Path folder = folder(settings);
        settings.finish();
        if (!Files.exists(folder)) {
            throw new StartFailure(
                    "There is no click log in %s. Set DATA_DIR to its folder.".formatted(folder.toAbsolutePath()));
        }
        return folder;
    }

    @Command(
            name = "tail",
            description = "Prints the last clicks of the log, and new ones as they come. Ctrl-C ends it.")
    void tail(
            @Option(names = "--banner", paramLabel = "ID", description = "Leave out the clicks of other banners.")
                    Optional<Long> bannerId,
            @Option(
                            names = "--lines",
                            paramLabel = "N",
                            defaultValue = "10",
                            description =
                                    "How many of the clicks that are there to look at; ${DEFAULT-VALUE} by default.")
                    Long lineCount)
            throws IOException {
        try (var reader = ClickReader.inspect(existingFolder())) {
            moveBack(reader, lineCount);
            boolean isWanted = true;
            while (isWanted && !Thread.currentThread().isInterrupted()) {
                int records = reader.read(BATCH_RECORDS, (index, clickBannerId, timestampMs) -> {
                    if (bannerId.isEmpty() || bannerId.get() == clickBannerId) {
                        lines.append(ClickFormat.TEXT.line(index, clickBannerId, timestampMs));
                    }
                    return true;
                });
                isWanted = printLines();
                if (records == 0) {
                    LockSupport.parkNanos(TAIL_PAUSE.toNanos());
                }
            }
        }
    }

    @Command(name = "show", description = "Prints the clicks of a range of time, readable.")
    void show(@Mixin Selection selection) throws IOException {
        print(selection, ClickFormat.TEXT);
    }

    @Command(name = "export", description = "Prints the clicks of a range of time for programs.")
    void export(
            @Option(
                            names = "--format",
                            required = true,
                            paramLabel = "csv|ndjson",
                            description = "CSV with a header, or one JSON object on each line.")
                    String format,
            @Mixin Selection selection)
            throws IOException {
        switch (format) {
            case "csv" -> print(selection, ClickFormat.CSV);
            case "ndjson" -> print(selection, ClickFormat.NDJSON);
            default -> throw new StartFailure("--format is \"%s\": use csv or ndjson.".formatted(format));
        }
    }

    @Command(name = "stats", description = "Lists the log's files, their sizes and clicks.")
    void stats() throws IOException {
        Path folder = existingFolder();
        try (var reader = ClickReader.inspect(folder)) {
            printCycles(reader, folder);
        }
    }

    @Command(name = "unlock", description = "Frees the lock of a writer that was killed.")
    int unlock() {
        try (WriteLock lock = WriteLock.open(existingFolder())) {
            long holder = lock.holder();
            if (holder == WriteLock.FREE) {
                out.println("The lock is free: there is nothing to do.");
                return 0;
            }
            if (lock.freeIfHolderIsDead()) {
                out.printf("The lock was held by process %d, which is dead. It is free now.%n", holder);
                return 0;
            }
            out.printf(
                    "The lock is held by process %d, which is alive (%s). Writers hold it for microseconds; if it stays so, that process is frozen: let it go on, or end it.%n",
                    holder,
                    ProcessHandle.of(holder)
                            .flatMap(process -> process.info().command())
                            .orElse("its command is unknown"));
            return 1;
        }
    }

    @Command(name = "clock", description = "Says which time it is by each clock.")
    void clock(
            @Option(names = "--accept", description = "Believe the system clock from now on, although it has jumped.")
                    boolean accept)
            throws IOException {
        Path folder = folder(settings);
        settings.finish();
        var file = new ClockFile(folder);
        var machine = new MachineClock();
        ClockState state = file.now(machine)
                .orElseThrow(() -> new StartFailure(
                        "No process has kept the time in %s yet: the first one that starts believes the system clock."
                                .formatted(folder.toAbsolutePath().getParent())));
        out.printf("system clock     %s%n", state.system());
        out.printf("clock of clicks  %s%n", state.trusted());
        out.printf("database         %s%n", databaseTime());
        if (!state.isHeld()) {
            out.println("The clicks follow the system clock: there is nothing to do.");
        } else if (!accept) {
            out.println("The system clock has jumped, and the clicks do not follow it. \"--accept\" makes them.");
        } else if (file.accept(machine)) {
            out.println("The clicks follow the system clock again, within a second or two.");
        } else {
            throw new StartFailure("A process of the service is just writing down the time: try again.");
        }
    }

    private String databaseTime() {
        try {
            var database = DatabaseSettings.read(settings);
            settings.finish();
            try (var probe = new DatabaseProbe(database, "click-counter-clock")) {
                return probe.ask(DatabaseTime::of).time().toString();
            }
        } catch (StartFailure unknown) {
            return "does not answer: " + unknown.getMessage();
        } catch (SQLException failure) {
            return "does not answer: " + Database.describe(failure);
        }
    }

    @Command(
            name = "reader",
            description = "Runs Chronicle's own reader; -h lists the options that it understands.",
            preprocessor = PassOn.class)
    void reader(@Parameters(arity = "0..*", paramLabel = "...") String[] words) {
        List<String> arguments = new ArrayList<>(List.of("-d", existingFolder().toString(), "-l", "-w", "JSON"));
        arguments.addAll(List.of(words));
        ChronicleReaderMain.main(arguments.toArray(String[]::new));
    }

    /// Leaves all words of the user to Chronicle's reader, `-h`, too.
    private static final class PassOn implements IParameterPreprocessor {
        @Override
        public boolean preprocess(
                Stack<String> words, CommandSpec command, @Nullable ArgSpec argument, Map<String, Object> info) {
            command.positionalParameters().getFirst().setValue(words.reversed().toArray(String[]::new));
            words.clear();
            return true;
        }
    }

    /// The options that select clicks; without any, all clicks are selected.
    static final class Selection {
        @Option(
                names = "--from",
                paramLabel = "TIME",
                description = "Leave out the clicks before this time, such as 2026-01-31T10:00:00Z.")
        private Instant from = Instant.EPOCH;

        @Option(names = "--to", paramLabel = "TIME", description = "Leave out the clicks at this time and later.")
        private Instant to = Instant.ofEpochMilli(Long.MAX_VALUE);

        @Option(names = "--banner", paramLabel = "ID", description = "Leave out the clicks of other banners.")
        private Optional<Long> bannerId = Optional.empty();

        private boolean takes(long clickBannerId, long timestampMs) {
            return timestampMs >= from.toEpochMilli()
                    && timestampMs < to.toEpochMilli()
                    && (bannerId.isEmpty() || bannerId.get() == clickBannerId);
        }
    }

    /// Prints the selected clicks that are in the log now. A click may be in a later file than its time says, so
    /// all files from that of the first minute on are read.
    private void print(Selection selection, ClickFormat format) throws IOException {
        if (!selection.from.isBefore(selection.to)) {
            throw new StartFailure(
                    "--from is %s, which is not before --to, %s.".formatted(selection.from, selection.to));
        }
        try (var reader = ClickReader.inspect(existingFolder())) {
            lines.append(format.header());
            List<LogCycle> cycles = reader.cycles();
            boolean hasMore = !cycles.isEmpty() && reader.moveToCycleOf(selection.from);
            while (printLines() && hasMore) {
                long end = cycles.getLast().firstIndex() + cycles.getLast().records() - 1;
                int records = reader.read(BATCH_RECORDS, (index, bannerId, timestampMs) -> {
                    if (index <= end && selection.takes(bannerId, timestampMs)) {
                        lines.append(format.line(index, bannerId, timestampMs));
                    }
                    return index < end;
                });
                hasMore = records > 0 && reader.position() < end;
            }
        }
    }

    /// Moves to before the last `records` of the log.
    private static void moveBack(ClickReader reader, long records) throws IOException {
        long missing = records;
        for (LogCycle cycle : reader.cycles().reversed()) {
            if (cycle.records() > missing) {
                reader.moveTo(cycle.firstIndex() + cycle.records() - missing - 1);
                return;
            }
            missing -= cycle.records();
        }
        reader.moveTo(ClickReader.START);
    }

    private void printCycles(ClickReader reader, Path folder) throws IOException {
        List<LogCycle> cycles = reader.cycles();
        out.printf("log %s in %s%n", reader.logId(), folder.toAbsolutePath());
        out.printf("%-22s %14s %11s  %s%n", "begins", "clicks", "MiB used", "file");
        long records = 0;
        long usedBytes = 0;
        for (LogCycle cycle : cycles) {
            records += cycle.records();
            usedBytes += cycle.usedBytes();
            out.printf(
                    "%-22s %,14d %,11.1f  %s%n",
                    cycle.start(),
                    cycle.records(),
                    cycle.usedBytes() / BYTES_PER_MIB,
                    cycle.file().getFileName());
        }
        out.printf("%-22s %,14d %,11.1f  %,d files%n", "all", records, usedBytes / BYTES_PER_MIB, cycles.size());
    }

    /// Returns whether the reader of the output wants more.
    private boolean printLines() {
        out.append(lines);
        lines.setLength(0);
        return !out.checkError();
    }
}
