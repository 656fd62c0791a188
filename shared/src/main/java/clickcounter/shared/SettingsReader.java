package clickcounter.shared;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads settings from the environment, collecting everything that is wrong; each process builds its record
/// from one reader and calls [#finish()] before it uses any value.
///
/// A name that is set but empty counts as not set. A value that is wrong is reported and its default used
/// meanwhile.
///
/// **Threads**: one.
public final class SettingsReader {
    private static final int MIN_SECRET_BYTES = 32;
    private static final int MAX_TYPING_ERRORS = 2;
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");
    private static final Pattern BYTES = Pattern.compile("(\\d{1,12})(B|KiB|MiB|GiB|TiB)?");

    private final Map<String, String> environment;
    private final Problems problems = new Problems();

    /// Reads the settings of this process: its environment, and for what that does not set `config/settings.env` in
    /// its working folder.
    public static SettingsReader ofProcess() {
        Map<String, String> environment = System.getenv();
        try {
            return new SettingsReader(SettingsFile.under(environment, SettingsFile.PATH));
        } catch (IOException failure) {
            var settings = new SettingsReader(environment);
            settings.problems.add("%s cannot be read: %s.".formatted(SettingsFile.PATH, failure));
            return settings;
        }
    }

    /// Checks the names at once.
    public SettingsReader(Map<String, String> environment) {
        this.environment = environment;
        new TreeMap<>(environment).keySet().forEach(this::checkName);
        var _ = secret(Setting.SECRET_KEY);
    }

    /// Where relations between settings are reported.
    public Problems problems() {
        return problems;
    }

    /// **Errors**: [StartFailure] that lists all problems.
    public void finish() {
        problems.throwIfAny();
    }

    /// The value, or the default when there is one.
    public Optional<String> text(Setting setting) {
        String value = environment.getOrDefault(setting.name(), "").strip();
        return Optional.of(value.isEmpty() ? setting.defaultText() : value).filter(text -> !text.isEmpty());
    }

    /// A key or a token, long enough that nobody can guess it.
    public Optional<String> secret(Setting setting) {
        Optional<String> value = text(setting);
        value.filter(secret -> secret.getBytes(StandardCharsets.UTF_8).length < MIN_SECRET_BYTES)
                .ifPresent(tooShort -> wrong(setting, "at least %d bytes long".formatted(MIN_SECRET_BYTES)));
        return value;
    }

    /// A TCP port; 0 lets the system choose one.
    public int port(Setting setting) {
        return integer(setting, 0, 65_535);
    }

    /// A whole number from `least` to `most`, both inclusive.
    public int integer(Setting setting, int least, int most) {
        return optionalInteger(setting, least, most).orElse(least);
    }

    /// Empty when the setting is not set and has no default.
    public OptionalInt optionalInteger(Setting setting, int least, int most) {
        Optional<String> text = text(setting);
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            int value = Integer.parseInt(text.get());
            if (value >= least && value <= most) {
                return OptionalInt.of(value);
            }
        } catch (NumberFormatException notANumber) {
            // Reported below, like a number out of range.
        }
        wrong(setting, "a whole number from %d to %d".formatted(least, most));
        return OptionalInt.of(least);
    }

    /// `1` or `0`; `true` and `false` are understood too.
    public boolean flag(Setting setting) {
        String value = text(setting).orElse("0");
        return switch (value) {
            case "1", "true" -> true;
            case "0", "false" -> false;
            default -> {
                wrong(setting, "1 or 0");
                yield false;
            }
        };
    }

    /// A number with a unit: `250ms`, `1s`, `10m`, `12h`, `7d`; at least `least`.
    public Duration duration(Setting setting, Duration least, Duration most) {
        Matcher matcher = DURATION.matcher(text(setting).orElse(""));
        if (matcher.matches()) {
            long amount = Long.parseLong(matcher.group(1));
            Duration value = switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                default -> Duration.ofDays(amount);
            };
            if (value.compareTo(least) >= 0 && value.compareTo(most) <= 0) {
                return value;
            }
        }
        wrong(
                setting,
                "a duration from %s to %s, such as 250ms, 1s, 10m, 12h or 7d".formatted(print(least), print(most)));
        return least;
    }

    /// A size in bytes: `64KiB`, `2GiB`, or a plain number of bytes.
    public long bytes(Setting setting, long least, long most) {
        Matcher matcher = BYTES.matcher(text(setting).orElse(""));
        if (matcher.matches()) {
            long amount = Long.parseLong(matcher.group(1));
            int shift = switch (matcher.group(2) == null ? "B" : matcher.group(2)) {
                case "KiB" -> 10;
                case "MiB" -> 20;
                case "GiB" -> 30;
                case "TiB" -> 40;
                default -> 0;
            };
            if (amount <= Long.MAX_VALUE >> shift && amount << shift >= least && amount << shift <= most) {
                return amount << shift;
            }
        }
        wrong(setting, "a size from %d to %d bytes, such as 64KiB or 2GiB".formatted(least, most));
        return least;
    }

    /// One of the given words.
    public String oneOf(Setting setting, String... words) {
        String value = text(setting).orElse("");
        if (Arrays.asList(words).contains(value)) {
            return value;
        }
        wrong(setting, "one of " + String.join(", ", words));
        return words[0];
    }

    /// A file or folder, relative to the working folder unless it is absolute.
    public Path path(Setting setting) {
        try {
            return Path.of(text(setting).orElse(""));
        } catch (InvalidPathException invalid) {
            wrong(setting, "a path");
            return Path.of(setting.defaultText());
        }
    }

    /// All settings that were given another value than their default, as `NAME=value` in the order of
    /// [Setting]; the values of secrets are not shown.
    public List<String> differences() {
        return Arrays.stream(Setting.values())
                .filter(setting -> !text(setting).orElse("").equals(setting.defaultText()))
                .map(setting -> setting.name() + "="
                        + (setting.isSecret() ? "(not shown)" : text(setting).orElse("")))
                .toList();
    }

    /// Reports that the value of `setting` is not what was `expected`; the value of a secret is not shown.
    public void wrong(Setting setting, String expected) {
        String value = setting.isSecret()
                ? "its value (not shown)"
                : "\"" + text(setting).orElse("") + "\"";
        problems.add("%s: %s is not %s.".formatted(setting.name(), value, expected));
    }

    private void checkName(String name) {
        for (Setting setting : Setting.values()) {
            if (setting.name().equals(name)) {
                return;
            }
        }
        Setting nearest = Arrays.stream(Setting.values())
                .min(Comparator.comparingInt(setting -> distance(setting.name(), name)))
                .orElseThrow();
        boolean looksLikeATypingError = distance(nearest.name(), name) <= MAX_TYPING_ERRORS && name.length() > 4;
        if (looksLikeATypingError || Setting.isOurs(name)) {
            problems.add("%s is not a setting. Did you mean %s? config/settings.env lists all."
                    .formatted(name, nearest.name()));
        }
    }

    private static String print(Duration duration) {
        if (duration.toMillisPart() > 0) {
            return duration.toMillis() + "ms";
        }
        if (duration.toSecondsPart() > 0 || duration.isZero()) {
            return duration.toSeconds() + "s";
        }
        if (duration.toMinutesPart() > 0) {
            return duration.toMinutes() + "m";
        }
        return duration.toHoursPart() > 0 ? duration.toHours() + "h" : duration.toDays() + "d";
    }

    /// Levenshtein distance: the least number of inserted, deleted and replaced characters.
    private static int distance(String left, String right) {
        int[] previous = new int[right.length() + 1];
        Arrays.setAll(previous, column -> column);
        for (int row = 1; row <= left.length(); row++) {
            int[] current = new int[right.length() + 1];
            current[0] = row;
            for (int column = 1; column <= right.length(); column++) {
                int replaced = previous[column - 1] + (left.charAt(row - 1) == right.charAt(column - 1) ? 0 : 1);
                current[column] = Math.min(replaced, Math.min(previous[column], current[column - 1]) + 1);
            }
            previous = current;
        }
        return previous[right.length()];
    }
}
