package clickcounter.shared.http;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Where an HTTP server listens, and its limits.
///
/// @param address the address to listen on
/// @param port the TCP port; 0 lets the system choose one
/// @param portSetting the setting to name when the port is taken
/// @param maxConnections most connections at once
/// @param maxBodyBytes largest request body
/// @param shutdownGrace how long running requests may take when the server stops
/// @param drainDelay how long requests are still served when the server is asked to stop
/// @param sharesPort whether other processes listen on the same port, and the system spreads connections over
/// them
/// @param socket a Unix domain socket to listen on besides; null when there is none
public record HttpSettings(
        String address,
        int port,
        Setting portSetting,
        int maxConnections,
        long maxBodyBytes,
        Duration shutdownGrace,
        Duration drainDelay,
        boolean sharesPort,
        @Nullable Path socket) {

    /// Files that a process needs for itself. Helidon closes its port for good when it finds no file descriptor
    /// for a connection, so there must always be one.
    private static final int RESERVED_FILES = 256;

    private static final int MOST_CONNECTIONS = 1_000_000;

    /// From the two settings given and those that all servers share.
    public static HttpSettings read(SettingsReader settings, Setting addressSetting, Setting portSetting) {
        int maxConnections = settings.integer(Setting.SERVICE_MAX_CONNECTIONS, 1, MOST_CONNECTIONS);
        return new HttpSettings(
                settings.text(addressSetting).orElseThrow(),
                settings.port(portSetting),
                portSetting,
                Math.clamp(maxOpenFiles() - RESERVED_FILES, 1, maxConnections),
                settings.bytes(Setting.SERVICE_MAX_BODY, 0, 1L << 30),
                settings.duration(Setting.SERVICE_SHUTDOWN_GRACE, Duration.ZERO, Duration.ofMinutes(5)),
                settings.duration(Setting.SERVICE_DRAIN_DELAY, Duration.ZERO, Duration.ofMinutes(1)),
                false,
                null);
    }

    /// The same for one of several processes on one port, or with a socket besides.
    public HttpSettings listening(boolean onSharedPort, @Nullable Path onSocket) {
        return new HttpSettings(
                address,
                port,
                portSetting,
                maxConnections,
                maxBodyBytes,
                shutdownGrace,
                drainDelay,
                onSharedPort,
                onSocket);
    }

    private static long maxOpenFiles() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? unix.getMaxFileDescriptorCount()
                : Long.MAX_VALUE;
    }
}
