package clickcounter.shared.http;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
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
/// @param maxReceive how long a request to ingest may take to arrive
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
        Duration maxReceive,
        long maxBodyBytes,
        Duration shutdownGrace,
        Duration drainDelay,
        boolean sharesPort,
        @Nullable Path socket) {

    /// How many open files a process needs for itself. If Helidon gets no file descriptor for a connection, it
    /// closes its port for good, so there must always be one left.
    private static final int RESERVED_FILES = 256;

    /// A connection that ingest relays needs one file, its way to Helidon two, and the way on to query one
    /// more. For each, another connection may wait to be relayed.
    private static final int FILES_PER_RELAY = 5;

    private static final int MAX_CONNECTIONS = 1_000_000;

    /// Reads the two given settings and those that all servers share.
    public static HttpSettings read(SettingsReader settings, Setting addressSetting, Setting portSetting) {
        return read(settings, addressSetting, portSetting, Long.MAX_VALUE);
    }

    /// Reads the same settings for a server that never needs larger bodies than these.
    public static HttpSettings read(
            SettingsReader settings, Setting addressSetting, Setting portSetting, long neededBodyBytes) {
        int maxConnections = settings.integer(Setting.SERVICE_MAX_CONNECTIONS, 1, MAX_CONNECTIONS);
        return new HttpSettings(
                settings.text(addressSetting).orElseThrow(),
                settings.port(portSetting),
                portSetting,
                Math.clamp(filesForConnections(), 1, maxConnections),
                settings.duration(Setting.SERVICE_RECEIVE_TIMEOUT, Duration.ofSeconds(1), Duration.ofHours(1)),
                Math.min(settings.bytes(Setting.SERVICE_MAX_BODY, 0, 1L << 30), neededBodyBytes),
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
                maxReceive,
                maxBodyBytes,
                shutdownGrace,
                drainDelay,
                onSharedPort,
                onSocket);
    }

    /// Returns how many connections ingest may relay to Helidon at the same time: half of the files are for them.
    public int maxRelayed() {
        return Math.clamp(filesForConnections() / 2 / FILES_PER_RELAY, 1, maxConnections);
    }

    /// Returns how many connections ingest may have besides the relayed ones.
    public int maxNotRelayed() {
        return Math.clamp(filesForConnections() - (long) FILES_PER_RELAY * maxRelayed(), 1, maxConnections);
    }

    /// Returns the failure of a process that cannot listen on the port.
    public StartFailure cannotListen(@Nullable Throwable cause) {
        return new StartFailure(
                "Cannot listen on port %d of %s: it is in use or not permitted. Stop what uses it, or set %s to another port."
                        .formatted(port, address, portSetting.name()),
                cause);
    }

    private static long filesForConnections() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? unix.getMaxFileDescriptorCount() - RESERVED_FILES
                : Long.MAX_VALUE;
    }
}
