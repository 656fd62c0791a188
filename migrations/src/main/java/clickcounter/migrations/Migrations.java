package clickcounter.migrations;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The migrations on the class path of this release: `V<version>__<name>.sql`, each with its undo script
/// `U<version>__<name>.sql`. They are found without Flyway, because every process asks for [#newest()] when it
/// starts.
///
/// @param folder their folder on the class path
/// @param undoScripts file name by version, for the versions that have one
public record Migrations(String folder, SortedMap<Integer, String> scripts, SortedMap<Integer, String> undoScripts) {
    /// The folder of the product's migrations.
    static final String FOLDER = "clickcounter/migrations/sql";

    private static final Pattern SCRIPT = Pattern.compile("([VU])([1-9]\\d{0,8})__(\\w+)\\.sql");

    static Migrations in(String folder) {
        var scripts = new TreeMap<Integer, String>();
        var undoScripts = new TreeMap<Integer, String>();
        for (String file : files(folder)) {
            Matcher matcher = SCRIPT.matcher(file);
            if (matcher.matches()) {
                var byVersion = matcher.group(1).equals("V") ? scripts : undoScripts;
                byVersion.put(Integer.valueOf(matcher.group(2)), file);
            }
        }
        return new Migrations(folder, scripts, undoScripts);
    }

    /// The version of the schema that this release needs; 0 when there are no migrations.
    public int newest() {
        return scripts.isEmpty() ? 0 : scripts.lastKey();
    }

    /// The name of a migration in words: `count clicks per minute`.
    public String description(int version) {
        Matcher matcher = SCRIPT.matcher(scripts.getOrDefault(version, ""));
        return matcher.matches() ? matcher.group(3).replace('_', ' ') : "unknown";
    }

    /// The SQL that takes a migration back; empty when there is no undo script.
    Optional<String> undo(int version) {
        return Optional.ofNullable(undoScripts.get(version)).map(this::read);
    }

    private String read(String file) {
        try (InputStream in =
                Objects.requireNonNull(Migrations.class.getClassLoader().getResourceAsStream(folder + "/" + file))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static List<String> files(String folder) {
        URL url = Objects.requireNonNull(Migrations.class.getClassLoader().getResource(folder), folder);
        try {
            if (url.openConnection() instanceof JarURLConnection jar) {
                return jar.getJarFile().stream()
                        .map(entry -> entry.getName())
                        .filter(name -> name.startsWith(folder + "/"))
                        .map(name -> name.substring(folder.length() + 1))
                        .toList();
            }
            try (Stream<Path> files = Files.list(Path.of(url.toURI()))) {
                return files.map(file -> file.getFileName().toString()).toList();
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (URISyntaxException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
