package clickcounter.shared.log;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import java.nio.file.Path;
import java.time.Duration;

/// Where the log is and how it is kept.
///
/// @param folder the queue's folder
/// @param minFree what must remain free on its file system
/// @param sync how often it is forced to the disk; [#SYNC_ON_COMMIT] when each click waits for it
public record LogSettings(Path folder, MinFree minFree, Duration sync) {
    /// Each click is answered after it is on the disk.
    public static final Duration SYNC_ON_COMMIT = Duration.ZERO;

    /// Free space: the greater of a number of bytes and a share of the file system.
    public record MinFree(long bytes, int percent) {
        private static final long MOST_BYTES = 1L << 50;

        /// A size, or a number followed by `%`.
        static MinFree read(SettingsReader settings) {
            String text = settings.text(Setting.LOG_MIN_FREE).orElseThrow();
            if (!text.endsWith("%")) {
                return new MinFree(settings.bytes(Setting.LOG_MIN_FREE, 0, MOST_BYTES), 0);
            }
            if (text.matches("[1-9]?\\d%")) {
                return new MinFree(0, Integer.parseInt(text.substring(0, text.length() - 1)));
            }
            settings.wrong(Setting.LOG_MIN_FREE, "a size such as 2GiB, or 0% to 99%");
            return new MinFree(0, 0);
        }

        long bytesOf(long totalBytes) {
            return Math.max(bytes, totalBytes / 100 * percent);
        }
    }

    /// From `DATA_DIR`, `LOG_MIN_FREE` and `LOG_SYNC`.
    public static LogSettings read(SettingsReader settings) {
        return new LogSettings(
                settings.path(Setting.DATA_DIR).resolve("log"), MinFree.read(settings), readSync(settings));
    }

    private static Duration readSync(SettingsReader settings) {
        return settings.text(Setting.LOG_SYNC).orElseThrow().equals("commit")
                ? SYNC_ON_COMMIT
                : settings.duration(Setting.LOG_SYNC, Duration.ofMillis(10), Duration.ofMinutes(1));
    }
}
