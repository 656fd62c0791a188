package clickcounter.migrations;

import clickcounter.migrations.Schema.Change;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Logging;
import clickcounter.shared.Logging.LoggingSettings;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/// What `./migrate.sh` runs: one command on the schema, one line of answer.
public final class MigrateMain {
    static final String HELP = """
            Usage: ./migrate.sh COMMAND
              -up            apply all migrations that are missing
              -down          take all migrations back, with all data; asks first (-down -yes does not)
              -goto VERSION  apply or take back migrations until the schema has that version; 0 is none
              -create NAME   write a new, empty migration and its undo into migrations/sql
              -fix VERSION   record that the schema has that version, and nothing else; for after a failure
              -status        show the version, and what is missing
              -help          show this
            The database is that of DATABASE_URL, else the embedded one, which ./run.sh database starts.
            """;

    private static final String ROW = "%5d  %-17s  %s%n";
    private static final Pattern VERSION_OF_FILE = Pattern.compile("V(\\d{1,9})__.*");
    private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm'Z'", Locale.ROOT);

    private final Map<String, String> environment;
    private final Path sqlFolder;
    private final BufferedReader in;
    private final PrintStream out;

    MigrateMain(Map<String, String> environment, Path sqlFolder, Reader in, PrintStream out) {
        this.environment = environment;
        this.sqlFolder = sqlFolder;
        this.in = new BufferedReader(in);
        this.out = out;
    }

    /// Runs one command in the project's folder, and exits with 0, or with 2 when an operator can mend what is
    /// wrong.
    public static void main(String[] arguments) {
        System.exit(run(arguments).status());
    }

    private static ExitCode run(String[] arguments) {
        try (Reader in = new InputStreamReader(System.in, Charset.defaultCharset())) {
            Logging.configure(LoggingSettings.read(new SettingsReader(Map.of())), "migrate");
            new MigrateMain(System.getenv(), Path.of("migrations", "sql"), in, System.out).run(List.of(arguments));
            return ExitCode.STOPPED;
        } catch (StartFailure failure) {
            System.err.println("migrate.sh: " + failure.getMessage());
            return ExitCode.START_FAILED;
        } catch (Exception unexpected) {
            LoggerFactory.getLogger(MigrateMain.class).error("stopped by an unexpected error", unexpected);
            return ExitCode.UNEXPECTED;
        }
    }

    /// **Errors**: [StartFailure] in one line.
    void run(List<String> arguments) throws IOException {
        String command = arguments.isEmpty() ? "" : arguments.getFirst().replaceFirst("^--", "-");
        List<String> rest = arguments.isEmpty() ? List.of() : arguments.subList(1, arguments.size());
        switch (command) {
            case "-up" -> {
                requireCount(0, rest);
                change(Schema::up);
            }
            case "-down" -> down(rest);
            case "-goto" -> {
                int version = version(rest);
                change(schema -> schema.goTo(version));
            }
            case "-fix" -> {
                int version = version(rest);
                change(schema -> schema.fix(version));
            }
            case "-create" -> {
                requireCount(1, rest);
                create(rest.getFirst());
            }
            case "-status" -> {
                requireCount(0, rest);
                printStatus();
            }
            case "-help" -> out.print(HELP);
            case "" -> throw new StartFailure("Say what to do; ./migrate.sh -help lists the commands.");
            default ->
                throw new StartFailure(
                        "There is no command %s; ./migrate.sh -help lists all.".formatted(arguments.getFirst()));
        }
    }

    private void down(List<String> rest) throws IOException {
        boolean sure = rest.equals(List.of("-yes"));
        requireCount(sure ? 1 : 0, rest);
        if (!sure) {
            out.printf(
                    "This drops all tables of %s, with all clicks. Type yes to go on: ",
                    settings().url());
            out.flush();
            if (!"yes".equals(in.readLine())) {
                throw new StartFailure("Nothing was changed. (./migrate.sh -down -yes does not ask.)");
            }
        }
        change(Schema::down);
    }

    private void create(String name) throws IOException {
        String words = name.strip().replaceAll("[ -]+", "_");
        if (!words.matches("\\w+")) {
            throw new StartFailure("\"%s\" cannot name a migration: use letters, digits and _.".formatted(name));
        }
        int version = newestFile() + 1;
        write("V%d__%s.sql".formatted(version, words), "-- Say what changes and why.\n");
        write(
                "U%d__%s.sql".formatted(version, words),
                "-- Takes back what V%d__%s.sql does.\n".formatted(version, words));
    }

    private int newestFile() throws IOException {
        try (Stream<Path> files = Files.list(sqlFolder)) {
            return files.map(file -> VERSION_OF_FILE.matcher(file.getFileName().toString()))
                    .filter(Matcher::matches)
                    .mapToInt(matcher -> Integer.parseInt(matcher.group(1)))
                    .max()
                    .orElse(0);
        } catch (NoSuchFileException missing) {
            throw new StartFailure(
                    "There is no folder %s here: a migration is made where the sources are."
                            .formatted(sqlFolder.toAbsolutePath()),
                    missing);
        }
    }

    private void write(String name, String text) throws IOException {
        Path file = sqlFolder.resolve(name);
        Files.writeString(file, text, StandardOpenOption.CREATE_NEW);
        out.println("wrote " + file);
    }

    private void change(Function<Schema, Change> command) {
        DatabaseSettings settings = settings();
        Change change = command.apply(new Schema(settings));
        out.println(
                change.from() == change.to()
                        ? "The schema of %s has version %d already.".formatted(settings.url(), change.to())
                        : "The schema of %s went from version %d to %d."
                                .formatted(settings.url(), change.from(), change.to()));
    }

    private void printStatus() {
        DatabaseSettings settings = settings();
        Schema.Status status = new Schema(settings).status();
        int version = status.history().version();
        for (SchemaHistory.Entry entry : status.history().entries()) {
            String appliedAt = MINUTE.format(entry.appliedAt().withOffsetSameInstant(ZoneOffset.UTC));
            out.printf(ROW, entry.version(), entry.succeeded() ? appliedAt : "failed halfway", entry.description());
        }
        for (int missing : status.known().scripts().tailMap(version + 1).keySet()) {
            out.printf(ROW, missing, "missing", status.known().description(missing));
        }
        out.printf(
                "The schema of %s has version %d, this release needs %d.%n",
                settings.url(), version, status.known().newest());
    }

    private DatabaseSettings settings() {
        var reader = new SettingsReader(environment);
        DatabaseSettings settings = DatabaseSettings.read(reader);
        reader.finish();
        return settings;
    }

    private static int version(List<String> rest) {
        requireCount(1, rest);
        if (!rest.getFirst().matches("\\d{1,9}")) {
            throw new StartFailure("\"%s\" is not a version: give a whole number.".formatted(rest.getFirst()));
        }
        return Integer.parseInt(rest.getFirst());
    }

    private static void requireCount(int count, List<String> rest) {
        if (rest.size() < count) {
            throw new StartFailure("The command needs one more word; ./migrate.sh -help says which.");
        }
        if (rest.size() > count) {
            throw new StartFailure("The command does not take \"%s\"; ./migrate.sh -help lists what there is."
                    .formatted(rest.get(count)));
        }
    }
}
