package clickcounter.shared.log.tool;

import clickcounter.shared.Arguments;
import clickcounter.shared.CommandMain;
import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogCycle;
import clickcounter.shared.log.WriteLock;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/// What `./run.sh log` runs, but for `reader`, which is Chronicle's own tool.
public final class LogMain {
    static final String HELP = """
            Usage: ./run.sh log COMMAND

              tail [--banner ID] [--lines N]            prints the last N clicks of the log (10), and new ones as they come
              show [--from TIME] [--to TIME] [--banner ID]
                                                        prints the clicks of a range of time, readable
              export --format csv|ndjson [--from TIME] [--to TIME] [--banner ID]
                                                        the same for programs, on the standard output
              stats [--minutes]                         the log's files, their sizes and clicks; --minutes: of each minute
              unlock                                    frees the lock of a writer that was killed, if it is dead
              reader [...]                              Chronicle's own reader; -h lists what it understands

            TIME is such as 2026-01-31T10:00:00Z; --from is in the range, --to is not. Clicks are printed in the order of
            the log. All but unlock only read, and may run beside everything else. Ctrl-C ends tail.

            Exit codes: 0 done · 1 unlock: a living process holds the lock · 2 not done, the message says why.
            """;

    private static final int DEFAULT_LINES = 10;
    private static final int BATCH_RECORDS = 10_000;
    private static final int PRINT_CHARS = 1 << 16;
    private static final Duration TAIL_PAUSE = Duration.ofMillis(100);
    private static final int MILLIS_PER_MINUTE = 60_000;
    private static final double BYTES_PER_MIB = 1 << 20;

    private final Path folder;
    private final PrintStream out;
    private final Clock clock;
    private final StringBuilder lines = new StringBuilder();

    LogMain(Path folder, PrintStream out, Clock clock) {
        this.folder = folder;
        this.out = out;
        this.clock = clock;
    }

    /// The first word says what to do.
    public static void main(String[] words) {
        CommandMain.run("log", HELP, words, (arguments, settings) -> {
            Path folder = folder(settings);
            return new LogMain(folder, System.out, Clock.systemUTC()).run(arguments);
        });
    }

    private static Path folder(SettingsReader settings) {
        Path folder = settings.path(Setting.DATA_DIR).resolve("log");
        settings.finish();
        return folder;
    }

    int run(Arguments arguments) throws IOException {
        String command = arguments.word();
        return switch (command) {
            case "tail" -> tail(arguments);
            case "show" -> print(arguments, ClickFormat.TEXT);
            case "export" -> export(arguments);
            case "stats" -> stats(arguments);
            case "unlock" -> unlock(arguments);
            default -> throw arguments.failure("There is no command \"%s\"".formatted(command));
        };
    }

    /// The clicks that are asked for.
    ///
    /// @param fromMillis inclusive
    /// @param toMillis exclusive
    private record Filter(long fromMillis, long toMillis, OptionalLong bannerId) {
        static Filter of(Arguments arguments) {
            Instant from = arguments.time("--from").orElse(Instant.EPOCH);
            Instant to = arguments.time("--to").orElse(Instant.ofEpochMilli(Long.MAX_VALUE));
            if (!from.isBefore(to)) {
                throw arguments.failure("--from is %s, which is not before --to, %s".formatted(from, to));
            }
            return new Filter(from.toEpochMilli(), to.toEpochMilli(), arguments.number("--banner"));
        }

        boolean takes(long clickBannerId, long timestampMillis) {
            return timestampMillis >= fromMillis
                    && timestampMillis < toMillis
                    && (bannerId.isEmpty() || bannerId.getAsLong() == clickBannerId);
        }
    }

    private int export(Arguments arguments) throws IOException {
        String format = arguments.option("--format").orElse("");
        return switch (format) {
            case "csv" -> print(arguments, ClickFormat.CSV);
            case "ndjson" -> print(arguments, ClickFormat.NDJSON);
            default -> throw arguments.failure("--format is \"%s\", expected csv or ndjson".formatted(format));
        };
    }

    private int print(Arguments arguments, ClickFormat format) throws IOException {
        var filter = Filter.of(arguments);
        arguments.finish();
        try (var reader = ClickReader.inspect(folder)) {
            lines.append(format.header());
            readToEnd(reader, filter, (index, bannerId, timestampMillis) -> {
                format.append(lines, index, bannerId, timestampMillis);
                return lines.length() < PRINT_CHARS || printLines();
            });
            printLines();
        }
        return 0;
    }

    /// Passes on what there is now, in the order of the log, until `sink` wants no more. A click may be in a
    /// later file than its time says, so all that follow are read, too.
    private static void readToEnd(ClickReader reader, Filter filter, ClickReader.Sink sink) throws IOException {
        List<LogCycle> cycles = reader.cycles();
        if (cycles.isEmpty() || !reader.moveToCycleOf(Instant.ofEpochMilli(filter.fromMillis))) {
            return;
        }
        long end = cycles.getLast().firstIndex() + cycles.getLast().records() - 1;
        var isWanted = new boolean[] {true};
        int records = 1;
        while (records > 0 && isWanted[0] && reader.position() < end) {
            records = reader.read(BATCH_RECORDS, (index, bannerId, timestampMillis) -> {
                if (index <= end && filter.takes(bannerId, timestampMillis)) {
                    isWanted[0] = sink.click(index, bannerId, timestampMillis);
                }
                return isWanted[0] && index < end;
            });
        }
    }

    private int tail(Arguments arguments) throws IOException {
        OptionalLong bannerId = arguments.number("--banner");
        long lineCount = arguments.number("--lines").orElse(DEFAULT_LINES);
        arguments.finish();
        var filter = new Filter(0, Long.MAX_VALUE, bannerId);
        try (var reader = ClickReader.inspect(folder)) {
            moveBack(reader, lineCount);
            boolean isWanted = true;
            while (isWanted && !Thread.currentThread().isInterrupted()) {
                int records = reader.read(BATCH_RECORDS, (index, clickBannerId, timestampMillis) -> {
                    if (filter.takes(clickBannerId, timestampMillis)) {
                        ClickFormat.TEXT.append(lines, index, clickBannerId, timestampMillis);
                    }
                    return true;
                });
                isWanted = printLines();
                if (records == 0) {
                    LockSupport.parkNanos(TAIL_PAUSE.toNanos());
                }
            }
        }
        return 0;
    }

    /// To before the last `records` of the log.
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

    private int stats(Arguments arguments) throws IOException {
        boolean byMinute = arguments.flag("--minutes");
        arguments.finish();
        try (var reader = ClickReader.inspect(folder)) {
            if (byMinute) {
                printMinutes(reader);
            } else {
                printCycles(reader);
            }
        }
        return 0;
    }

    private void printCycles(ClickReader reader) throws IOException {
        List<LogCycle> cycles = reader.cycles();
        out.printf("log %s in %s%n", reader.logId(), folder.toAbsolutePath());
        out.printf("%-22s %14s %14s %11s  %s%n", "begins", "clicks", "clicks/minute", "MiB used", "file");
        long records = 0;
        long usedBytes = 0;
        for (LogCycle cycle : cycles) {
            records += cycle.records();
            usedBytes += cycle.usedBytes();
            out.printf(
                    "%-22s %,14d %,14d %,11.1f  %s%n",
                    cycle.start(),
                    cycle.records(),
                    cycle.records() / minutesOf(cycle),
                    cycle.usedBytes() / BYTES_PER_MIB,
                    cycle.file().getFileName());
        }
        out.printf(
                "%-22s %,14d %14s %,11.1f  %,d files%n", "all", records, "", usedBytes / BYTES_PER_MIB, cycles.size());
    }

    /// Of the newest one those that have begun.
    private long minutesOf(LogCycle cycle) {
        long passed = Duration.between(cycle.start(), clock.instant()).toMinutes() + 1;
        return Math.clamp(passed, 1, LogCycle.LENGTH.toMinutes());
    }

    private void printMinutes(ClickReader reader) throws IOException {
        var everything = new Filter(0, Long.MAX_VALUE, OptionalLong.empty());
        Map<Long, long[]> clicksByMinute = new TreeMap<>();
        readToEnd(reader, everything, (_, _, timestampMillis) -> {
            clicksByMinute.computeIfAbsent(timestampMillis / MILLIS_PER_MINUTE, _ -> new long[1])[0]++;
            return true;
        });
        clicksByMinute.forEach((minute, clicks) ->
                out.printf("%s %,14d%n", Instant.ofEpochMilli(minute * MILLIS_PER_MINUTE), clicks[0]));
        out.printf("records that are no clicks: %,d%n", reader.skippedRecords());
    }

    private int unlock(Arguments arguments) {
        arguments.finish();
        if (!Files.exists(folder)) {
            throw new StartFailure(
                    "There is no click log in %s. Set DATA_DIR to its folder.".formatted(folder.toAbsolutePath()));
        }
        try (WriteLock lock = WriteLock.open(folder)) {
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

    /// Returns whether the reader of the output wants more.
    private boolean printLines() {
        out.append(lines);
        lines.setLength(0);
        return !out.checkError();
    }
}
