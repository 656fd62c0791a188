package clickcounter.shared.clock;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The clocks of this machine: the system clock, which may be set to any time, and the time since the boot,
/// which nobody can set. Tests have a machine of their own.
public class MachineClock {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final Path UPTIME = Path.of("/proc/uptime");
    private static final long MILLIS_PER_SECOND = 1_000;

    /// The clocks are read one after the other. If that took longer, the process was interrupted meanwhile, and
    /// they are read again.
    private static final long MAX_READ_MS = 100;

    /// All clocks at one moment.
    ///
    /// @param bootId the id of the machine's boot; empty where the system does not tell
    /// @param uptimeMs the time since the boot, including the time while the machine was suspended
    /// @param systemMs what the system clock says, since 1970
    /// @param nanoTime as [System#nanoTime()], which does not advance while the machine is suspended
    public record Reading(String bootId, long uptimeMs, long systemMs, long nanoTime) {}

    /// Returns the id of the machine's current boot, or an empty text where the system does not tell.
    public static String currentBootId() {
        try {
            return Files.readString(BOOT_ID).strip();
        } catch (IOException unknown) {
            return "";
        }
    }

    protected String bootId() {
        return currentBootId();
    }

    /// Returns the milliseconds since the boot, in steps of ten.
    ///
    /// **Errors**: [IOException] where the system does not tell.
    protected long uptimeMs() throws IOException {
        String seconds = Files.readString(UPTIME).split(" ", 2)[0];
        return Math.round(Double.parseDouble(seconds) * MILLIS_PER_SECOND);
    }

    protected long systemMs() {
        return System.currentTimeMillis();
    }

    protected long nanoTime() {
        return System.nanoTime();
    }

    /// Reads all clocks.
    ///
    /// **Cost**: reads three small files of `/proc`.
    public final Reading read() {
        try {
            while (true) {
                long uptimeMs = uptimeMs();
                var reading = new Reading(bootId(), uptimeMs, systemMs(), nanoTime());
                if (uptimeMs() - uptimeMs <= MAX_READ_MS) {
                    return reading;
                }
            }
        } catch (IOException unknown) {
            return new Reading("", 0, systemMs(), nanoTime());
        }
    }
}
