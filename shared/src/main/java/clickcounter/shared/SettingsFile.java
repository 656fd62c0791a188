package clickcounter.shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads a file of `NAME=value` lines as systemd reads an `EnvironmentFile`: spaces around a value are dropped, a
/// value may stand in single or double quotes, and a backslash takes the character after it literally, except in
/// single quotes. Unlike there, a value ends with its line.
final class SettingsFile {
    /// Where the settings of an installation are, relative to its folder, in which every process of ours runs.
    static final Path PATH = Path.of("config", "settings.env");

    private static final Pattern LINE = Pattern.compile("\\s*([A-Za-z_]\\w*)\\s*=\\s*(.*?)\\s*");
    private static final Pattern SINGLE_QUOTED = Pattern.compile("'([^']*)'");
    private static final Pattern DOUBLE_QUOTED = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

    private SettingsFile() {}

    /// The settings of the file under those of the environment, which win.
    ///
    /// **Errors**: [IOException] when the file is there but cannot be read.
    static Map<String, String> under(Map<String, String> environment, Path file) throws IOException {
        Map<String, String> settings = new HashMap<>();
        try {
            for (String line : Files.readAllLines(file)) {
                Matcher matcher = LINE.matcher(line);
                if (matcher.matches()) {
                    settings.put(matcher.group(1), value(matcher.group(2)));
                }
            }
        } catch (NoSuchFileException none) {
            // The environment has all settings.
        }
        settings.putAll(environment);
        return settings;
    }

    private static String value(String text) {
        Matcher singleQuoted = SINGLE_QUOTED.matcher(text);
        if (singleQuoted.matches()) {
            return singleQuoted.group(1);
        }
        Matcher doubleQuoted = DOUBLE_QUOTED.matcher(text);
        if (doubleQuoted.matches()) {
            return doubleQuoted.group(1).replaceAll("\\\\([\"\\\\`$])", "$1");
        }
        return text.replaceAll("\\\\(.)", "$1");
    }
}
