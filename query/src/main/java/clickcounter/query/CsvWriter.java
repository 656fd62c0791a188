package clickcounter.query;

import java.io.IOException;
import java.io.Writer;

/// Writes lines as RFC 4180 has them. All values are numbers, times or names of columns: none needs quotation
/// marks.
///
/// **Threads**: one.
final class CsvWriter {
    private final Writer out;

    CsvWriter(Writer out) {
        this.out = out;
    }

    void line(Object... values) throws IOException {
        for (int at = 0; at < values.length; at++) {
            if (at > 0) {
                out.write(',');
            }
            out.write(values[at].toString());
        }
        out.write("\r\n");
    }
}
