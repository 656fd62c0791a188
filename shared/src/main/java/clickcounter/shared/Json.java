package clickcounter.shared;

/// Escapes text for JSON that is not written by a library: log lines and small answers.
public final class Json {
    private Json() {}

    /// Returns `text` as it appears between the quotation marks of a JSON string (RFC 8259).
    public static String escape(String text) {
        var escaped = new StringBuilder(text.length() + 16);
        for (int at = 0; at < text.length(); at++) {
            char character = text.charAt(at);
            if (character == '"' || character == '\\') {
                escaped.append('\\').append(character);
            } else if (character < ' ' || character == '\u007f' || Character.isSurrogate(character)) {
                escaped.append("\\u%04x".formatted((int) character));
            } else {
                escaped.append(character);
            }
        }
        return escaped.toString();
    }
}
