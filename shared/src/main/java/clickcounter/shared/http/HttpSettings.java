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
/// @param portSetting the setting that a message names if the port is in use
/// @param maxConnections the maximum number of connections at the same time
/// @param maxBodyBytes the maximum size of a request's body
/// @param shutdownGrace how long running requests may take to finish after the server is asked to stop
/// @param drainDelay how long requests are still served after the server is asked to stop
/// @param sharesPort whether other processes listen on the same port; the system distributes connections among
/// them
/// @param socket a Unix domain socket to listen on in addition to the port; null if there is none
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

    /// How many open files a process needs for itself. If Helidon gets no file descriptor for a connection, it
    /// closes its port for good, so there must always be one left.
    private static final int RESERVED_FILES = 256;

    private static final int MAX_CONNECTIONS = 1_000_000;

    /// Reads the two given settings and those that all servers share.
    public static HttpSettings read(SettingsReader settings, Setting addressSetting, Setting portSetting) {
        int maxConnections = settings.integer(Setting.SERVICE_MAX_CONNECTIONS, 1, MAX_CONNECTIONS);
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

    /// Returns these settings for a process that shares its port, or listens on a socket, too.
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
