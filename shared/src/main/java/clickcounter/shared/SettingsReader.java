package clickcounter.shared;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedSet;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads settings from the environment and collects everything that is wrong with them. A process reads all of
/// its settings, then calls [#finish()] before it uses any value.
///
/// A variable that is set but empty counts as not set. If a value is wrong, its error is recorded and a valid
/// value is returned, so that reading can continue.
///
/// **Threads**: one.
public final class SettingsReader {
    private static final int MIN_SECRET_BYTES = 32;
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");
    private static final Pattern BYTES = Pattern.compile("(\\d{1,12})(B|KiB|MiB|GiB|TiB)?");

    /// Variables of others that look like ours: those that Kubernetes sets for a service named `query` or
    /// `database`, and one that many platforms set.
    private static final Pattern FOREIGN = Pattern.compile(
            "[A-Z0-9_]+_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)|LOG_LEVEL");

    /// What Kubernetes sets as the port of a service, such as `QUERY_PORT` for one named `query`, and `INGEST_PORT`
    /// for one named `ingest`.
    private static final Pattern KUBERNETES_PORT = Pattern.compile("(tcp|udp|sctp)://\\S+:\\d+");

    private final Map<String, String> environment;
    /// Each error once, although several parts of a process may read the same setting.
    private final SequencedSet<String> errors = new LinkedHashSet<>();

    /// Reads the settings of this process from its environment, and what that does not set from
    /// `config/settings.env` in its working folder.
    public static SettingsReader ofProcess() {
        Map<String, String> environment = System.getenv();
        try {
            return new SettingsReader(SettingsFile.under(environment, SettingsFile.PATH));
        } catch (IOException failure) {
            var settings = new SettingsReader(environment);
            settings.errors.add("%s cannot be read: %s.".formatted(SettingsFile.PATH, failure));
            return settings;
        }
    }

    /// Checks the names of all variables, and the secret key.
    public SettingsReader(Map<String, String> environment) {
        this.environment = environment;
        new TreeMap<>(environment).forEach(this::checkName);
        var _ = secret(Setting.SECRET_KEY);
    }

    /// **Errors**: [StartFailure] that lists everything that is wrong.
    public void finish() {
        if (errors.size() == 1) {
            throw new StartFailure(errors.getFirst());
        }
        if (!errors.isEmpty()) {
            var message = new StringBuilder("%d settings are wrong:".formatted(errors.size()));
            int number = 0;
            for (String error : errors) {
                number++;
                message.append("%n  %d. %s".formatted(number, error));
            }
            throw new StartFailure(message.toString());
        }
    }

    /// The value, else the default if there is one.
    public Optional<String> text(Setting setting) {
        String value = environment.getOrDefault(setting.name(), "").strip();
        if (isKubernetesPort(setting.name(), value)) {
            value = "";
        }
        return Optional.of(value.isEmpty() ? setting.defaultText() : value).filter(text -> !text.isEmpty());
    }

    /// A key or a token; it must be long enough that nobody can guess it.
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

    /// A whole number from `min` to `max`, both inclusive.
    public int integer(Setting setting, int min, int max) {
        return optionalInteger(setting, min, max).orElse(min);
    }

    /// A whole number from `min` to `max`, both inclusive; empty if there is neither a value nor a default.
    public OptionalInt optionalInteger(Setting setting, int min, int max) {
        Optional<String> text = text(setting);
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            int value = Integer.parseInt(text.get());
            if (value >= min && value <= max) {
                return OptionalInt.of(value);
            }
        } catch (NumberFormatException notANumber) {
            // Reported below, as a number out of range is.
        }
        wrong(setting, "a whole number from %d to %d".formatted(min, max));
        return OptionalInt.of(min);
    }

    /// `1` or `0`; `true` and `false` are accepted, too.
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

    /// A number with a unit, `250ms`, `1s`, `10m`, `12h` or `7d`, from `min` to `max`, both inclusive.
    public Duration duration(Setting setting, Duration min, Duration max) {
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
            if (value.compareTo(min) >= 0 && value.compareTo(max) <= 0) {
                return value;
            }
        }
        wrong(setting, "a duration from %s to %s, such as 250ms, 1s, 10m, 12h or 7d".formatted(print(min), print(max)));
        return min;
    }

    /// A size such as `64KiB`, `2GiB` or a plain number of bytes, from `min` to `max` bytes, both inclusive.
    public long bytes(Setting setting, long min, long max) {
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
            if (amount <= Long.MAX_VALUE >> shift && amount << shift >= min && amount << shift <= max) {
                return amount << shift;
            }
        }
        wrong(setting, "a size from %d to %d bytes, such as 64KiB or 2GiB".formatted(min, max));
        return min;
    }

    public String oneOf(Setting setting, String... words) {
        String value = text(setting).orElse("");
        if (Arrays.asList(words).contains(value)) {
            return value;
        }
        wrong(setting, "one of " + String.join(", ", words));
        return words[0];
    }

    public Path path(Setting setting) {
        try {
            return Path.of(text(setting).orElse(""));
        } catch (InvalidPathException invalid) {
            wrong(setting, "a path");
            return Path.of(setting.defaultText());
        }
    }

    /// All settings that differ from their defaults, as `NAME=value` in the order of [Setting]; the values of
    /// secrets are not shown.
    public List<String> differences() {
        return Arrays.stream(Setting.values())
                .filter(setting -> !text(setting).orElse("").equals(setting.defaultText()))
                .map(setting -> setting.name() + "="
                        + (setting.isSecret() ? "(not shown)" : text(setting).orElse("")))
                .toList();
    }

    /// Records what is wrong with settings in combination, as a sentence that names them, their values (except
    /// those of secrets) and what was expected.
    public void error(String sentence) {
        errors.add(sentence);
    }

    /// Records that the value of `setting` is not what was `expected`; the value of a secret is not shown.
    public void wrong(Setting setting, String expected) {
        String value = setting.isSecret()
                ? "its value (not shown)"
                : "\"" + text(setting).orElse("") + "\"";
        errors.add("%s: %s is not %s.".formatted(setting.name(), value, expected));
    }

    private static boolean isKubernetesPort(String name, String value) {
        return name.endsWith("_PORT") && KUBERNETES_PORT.matcher(value).matches();
    }

    private void checkName(String name, String value) {
        List<String> known = Arrays.stream(Setting.values()).map(Setting::name).toList();
        if (known.contains(name) || FOREIGN.matcher(name).matches() || isKubernetesPort(name, value)) {
            return;
        }
        String nearest = Spelling.nearest(name, known);
        boolean looksLikeATypingError = Spelling.isTypingError(name, nearest) && name.length() > 4;
        if (looksLikeATypingError || Setting.isOurs(name)) {
            errors.add("%s is not a setting. Did you mean %s? config/settings.env lists all settings."
                    .formatted(name, nearest));
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
}
