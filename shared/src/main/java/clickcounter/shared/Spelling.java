package clickcounter.shared;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;

/// Guesses which known word somebody meant.
public final class Spelling {
    private static final int MAX_TYPING_ERRORS = 2;

    private Spelling() {}

    /// Returns the known word that is the most like `word`.
    public static String nearest(String word, Collection<String> known) {
        return known.stream()
                .min(Comparator.comparingInt(candidate -> distance(candidate, word)))
                .orElseThrow();
    }

    /// Returns whether `word` is probably `known` with a typing error or two, and not another word.
    public static boolean isTypingError(String word, String known) {
        int distance = distance(known, word);
        return distance <= MAX_TYPING_ERRORS && distance * 2 <= word.length();
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
