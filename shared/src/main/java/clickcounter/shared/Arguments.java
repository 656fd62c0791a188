package clickcounter.shared;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/// The words behind a command: flags (`--repair`) and options (`--from TIME` or `--from=TIME`). Whoever has
/// asked for all that it understands calls [#finish()], which refuses what is left.
///
/// **Threads**: one.
///
/// **Errors**: [StartFailure] that names the word and the way out.
public final class Arguments {
    private final String command;
    private final List<String> words;
    private final Set<String> known = new TreeSet<>();

    /// @param command as the user types it, for messages
    public Arguments(String command, List<String> words) {
        this.command = command;
        this.words = new ArrayList<>(words);
    }

    /// Whether help is asked for.
    public boolean wantsHelp() {
        return words.contains("--help") || words.contains("-h") || words.equals(List.of("help"));
    }

    /// The first word, which is no flag.
    public String word() {
        if (words.isEmpty() || words.getFirst().startsWith("-")) {
            throw failure("A command is missing");
        }
        return words.removeFirst();
    }

    /// Whether the flag is given.
    public boolean flag(String name) {
        known.add(name);
        boolean isGiven = words.remove(name);
        refuseSecond(name);
        return isGiven;
    }

    /// The option's value.
    public Optional<String> option(String name) {
        known.add(name);
        String prefix = name + "=";
        for (int at = 0; at < words.size(); at++) {
            String word = words.get(at);
            if (word.startsWith(prefix)) {
                words.remove(at);
                refuseSecond(name);
                return Optional.of(word.substring(prefix.length()));
            }
            if (word.equals(name)) {
                if (at + 1 == words.size() || words.get(at + 1).startsWith("--")) {
                    throw failure("%s needs a value".formatted(name));
                }
                words.remove(at);
                String value = words.remove(at);
                refuseSecond(name);
                return Optional.of(value);
            }
        }
        return Optional.empty();
    }

    /// A moment with its offset from UTC, as RFC 3339 has it; the seconds may be left out.
    public Optional<Instant> time(String name) {
        return option(name).map(text -> {
            try {
                return OffsetDateTime.parse(text).toInstant();
            } catch (DateTimeParseException notATime) {
                throw failure("%s is \"%s\", expected a time such as 2026-01-31T10:00:00Z or 2026-01-31T13:00:00+03:00"
                        .formatted(name, text));
            }
        });
    }

    /// A positive whole number.
    public OptionalLong number(String name) {
        Optional<String> text = option(name);
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            long number = Long.parseLong(text.get());
            if (number > 0) {
                return OptionalLong.of(number);
            }
        } catch (NumberFormatException notANumber) {
            // Refused below, like a number that is not positive.
        }
        throw failure("%s is \"%s\", expected a whole number from 1 to %d".formatted(name, text.get(), Long.MAX_VALUE));
    }

    /// Refuses what nobody has asked for.
    public void finish() {
        if (!words.isEmpty()) {
            throw failure("\"%s\" is not understood%s"
                    .formatted(words.getFirst(), known.isEmpty() ? "" : "; there are " + String.join(", ", known)));
        }
    }

    /// For what is wrong with the words together.
    public StartFailure failure(String what) {
        return new StartFailure("%s. %s --help explains the command.".formatted(what, command));
    }

    private void refuseSecond(String name) {
        if (words.contains(name) || words.stream().anyMatch(word -> word.startsWith(name + "="))) {
            throw failure("%s is given twice".formatted(name));
        }
    }
}
