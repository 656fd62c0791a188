package clickcounter.tools;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.migrations.Schema.Change;
import clickcounter.migrations.SchemaHistory;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `./migrate.sh`: one command on the schema, one line of answer.
@Command(
        name = "./migrate.sh",
        description =
                "Changes the schema of the database of DATABASE_URL, else of the embedded one, which ./run.sh database starts.",
        exitCodeList = {"0:The command has done its work.", "2:The command has not done its work; the message says why."
        })
final class MigrateCommand {
    private static final String ROW = "%5d  %-17s  %s%n";
    private static final Pattern VERSION_OF_FILE = Pattern.compile("V(\\d{1,9})__.*");
    private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm'Z'", Locale.ROOT);

    private final SettingsReader settings;
    private final Path sqlFolder;
    private final BufferedReader in;
    private final PrintStream out;

    MigrateCommand(SettingsReader settings, Path sqlFolder, Reader in, PrintStream out) {
        this.settings = settings;
        this.sqlFolder = sqlFolder;
        this.in = new BufferedReader(in);
        this.out = out;
    }

    @Command(name = "-up", aliases = "--up", description = "Applies all migrations that are missing.")
    void up() {
        change(Schema::up);
    }

    @Command(name = "-down", aliases = "--down", description = "Takes all migrations back, with all data; asks first.")
    void down(
            @Option(
                            names = {"-yes", "--yes"},
                            description = "Do not ask.")
                    boolean sure)
            throws IOException {
        if (!sure) {
            out.printf(
                    "This drops all tables of %s, with all clicks. Type yes to go on: ",
                    databaseSettings().url());
            out.flush();
            if (!"yes".equals(in.readLine())) {
                throw new StartFailure("Nothing was changed. (./migrate.sh -down -yes does not ask.)");
            }
        }
        change(Schema::down);
    }

    @Command(
            name = "-goto",
            aliases = "--goto",
            description = "Applies or takes back migrations until the schema has VERSION; 0 is none.")
    void goTo(@Parameters(paramLabel = "VERSION") int version) {
        change(schema -> schema.goTo(version));
    }

    @Command(
            name = "-fix",
            aliases = "--fix",
            description = "Records that the schema has VERSION, and nothing else; for after a failure.")
    void fix(@Parameters(paramLabel = "VERSION") int version) {
        change(schema -> schema.fix(version));
    }

    @Command(
            name = "-create",
            aliases = "--create",
            description = "Writes a new, empty migration NAME and its undo script into migrations/sql.")
    void create(@Parameters(paramLabel = "NAME") String name) throws IOException {
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
                    "There is no folder %s here: make migrations in the source tree."
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
        DatabaseSettings database = databaseSettings();
        out.println(command.apply(new Schema(database)).sentence(database.url()));
    }

    @Command(name = "-status", aliases = "--status", description = "Shows the version, and what is missing.")
    void status() {
        DatabaseSettings database = databaseSettings();
        Schema.Status status = new Schema(database).status();
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
                database.url(), version, status.known().newest());
    }

    private DatabaseSettings databaseSettings() {
        DatabaseSettings databaseSettings = DatabaseSettings.read(settings);
        settings.finish();
        return databaseSettings;
    }
}
