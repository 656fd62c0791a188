package clickcounter.ingest;

import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.log.ClickReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Runs ingest on a free port of the loopback interface, with a log of its own.
final class RunningIngest implements AutoCloseable {
    private final Lifetime lifetime = new Lifetime();
    private final Ingest ingest;
    private final ClickReader reader;

    private RunningIngest(IngestSettings settings, ConnectionLimits limits) {
        ingest = Ingest.start(settings, limits, lifetime);
        reader = ClickReader.open(settings.log().folder());
    }

    /// @param settings names and values in turn, as in the environment
    static RunningIngest start(Path dataFolder, Object... settings) {
        return start(dataFolder, ConnectionLimits.DEFAULT, settings);
    }

    static RunningIngest start(Path dataFolder, ConnectionLimits limits, Object... settings) {
        return new RunningIngest(settings(dataFolder, settings), limits);
    }

    static IngestSettings settings(Path dataFolder, Object... settings) {
        return IngestSettings.read(reader(dataFolder, settings));
    }

    static SettingsReader reader(Path dataFolder, Object... settings) {
        Map<String, String> environment = new HashMap<>(Map.of(
                "DATA_DIR", dataFolder.toString(),
                "INGEST_ADMIN_PORT", "0",
                "LOG_MIN_FREE", "0",
                "SERVICE_MAX_NEW_BANNERS", "1000000",
                "SERVICE_ADDRESS", "127.0.0.1",
                "SERVICE_PORT", "0"));
        for (int at = 0; at < settings.length; at += 2) {
            environment.put(settings[at].toString(), settings[at + 1].toString());
        }
        return new SettingsReader(environment);
    }

    int port() {
        return ingest.port();
    }

    int adminPort() {
        return ingest.adminPort();
    }

    HttpConnection connect() {
        return HttpConnection.to(ingest.port());
    }

    Lifetime lifetime() {
        return lifetime;
    }

    /// Returns the banner ids of the clicks that were appended to the log since the last call, in their order.
    List<Long> newClicks() {
        var bannerIds = new ArrayList<Long>();
        reader.read(Integer.MAX_VALUE, (_, bannerId, _) -> bannerIds.add(bannerId));
        return bannerIds;
    }

    /// Stops ingest; the log can still be read.
    void stop() {
        ingest.close();
    }

    @Override
    public void close() {
        try {
            ingest.close();
        } finally {
            reader.close();
        }
    }
}
