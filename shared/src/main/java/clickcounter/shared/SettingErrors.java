package clickcounter.shared;

import java.util.ArrayList;
import java.util.List;

/// Everything that is wrong with the settings, collected so that all of it is reported at once.
///
/// **Threads**: one.
public final class SettingErrors {
    private final List<String> sentences = new ArrayList<>();

    /// Adds a sentence that names the setting, its value (unless it is a secret) and what was expected.
    public void add(String sentence) {
        sentences.add(sentence);
    }

    /// **Errors**: [StartFailure] with all sentences, numbered, if there are any.
    public void throwIfAny() {
        if (sentences.isEmpty()) {
            return;
        }
        if (sentences.size() == 1) {
            throw new StartFailure(sentences.getFirst());
        }
        var message = new StringBuilder("%d settings are wrong:".formatted(sentences.size()));
        for (int number = 1; number <= sentences.size(); number++) {
            message.append("%n  %d. %s".formatted(number, sentences.get(number - 1)));
        }
        throw new StartFailure(message.toString());
    }
}
