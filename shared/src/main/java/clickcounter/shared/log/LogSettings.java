package clickcounter.shared.log;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import java.nio.file.Path;
import java.time.Duration;

/// Where the click log is, and how safely it is written.
///
/// @param folder the folder of the log's files
/// @param minFree the free space that must remain on the folder's file system
/// @param sync how often the log is forced to disk; [#SYNC_ON_COMMIT] if each click waits for that
public record LogSettings(Path folder, MinFree minFree, Duration sync) {
    /// A click is answered only after it is on disk.
    public static final Duration SYNC_ON_COMMIT = Duration.ZERO;

    /// An amount of free space: a number of bytes or a share of the file system, whichever is more.
    public record MinFree(long bytes, int percent) {
        private static final long MAX_BYTES = 1L << 50;

        /// Reads a size, or a percentage followed by `%`.
        static MinFree read(SettingsReader settings) {
            String text = settings.text(Setting.LOG_MIN_FREE).orElseThrow();
            if (!text.endsWith("%")) {
                return new MinFree(settings.bytes(Setting.LOG_MIN_FREE, 0, MAX_BYTES), 0);
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

    /// Reads `DATA_DIR`, `LOG_MIN_FREE` and `LOG_SYNC`.
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
