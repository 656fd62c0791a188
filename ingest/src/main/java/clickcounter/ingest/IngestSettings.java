package clickcounter.ingest;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.admin.AdminSettings;
import clickcounter.shared.http.HttpSettings;
import clickcounter.shared.log.LogSettings;
import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The settings of ingest.
///
/// @param http where ingest listens
/// @param data the folder that all processes of a host share
/// @param log where it appends clicks
/// @param maxNewBanners how many banners may be new in a minute; 0 if there is no limit
/// @param query where it forwards requests that are no clicks
/// @param admin where it answers operators
/// @param threads how many threads answer clicks
public record IngestSettings(
        HttpSettings http, Path data, LogSettings log, int maxNewBanners, URI query, AdminSettings admin, int threads) {

    private static final int MAX_PROCESSES = 256;
    private static final int MAX_THREADS = 256;
    private static final int MAX_MAX_NEW_BANNERS = 1_000_000_000;

    /// Reads the settings of the only ingest process, or of the first of several.
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] that lists everything that is wrong.
    public static IngestSettings read(SettingsReader settings) {
        return read(settings, 1);
    }

    /// Reads the settings of one of `INGEST_PROCESSES` processes.
    ///
    /// @param number the number of the process, from 1
    static IngestSettings read(SettingsReader settings, int number) {
        boolean sharesPort = settings.integer(Setting.INGEST_PROCESSES, 1, MAX_PROCESSES) > 1;
        int threads = settings.optionalInteger(Setting.INGEST_THREADS, 1, MAX_THREADS)
                .orElse(sharesPort ? 1 : Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
        var http = HttpSettings.read(settings, Setting.SERVICE_ADDRESS, Setting.SERVICE_PORT)
                .listening(sharesPort, socket(settings, number));
        Path data = settings.path(Setting.DATA_DIR);
        var log = LogSettings.read(settings);
        int maxNewBanners = settings.integer(Setting.SERVICE_MAX_NEW_BANNERS, 0, MAX_MAX_NEW_BANNERS);
        URI query = queryAddress(settings);
        var admin = AdminSettings.read(settings, Setting.INGEST_ADMIN_PORT).ofProcess(number);
        settings.finish();
        return new IngestSettings(http, data, log, maxNewBanners, query, admin, threads);
    }

    private static @Nullable Path socket(SettingsReader settings, int number) {
        return settings.text(Setting.INGEST_SOCKET)
                .map(name -> Path.of(number == 1 ? name : name + "-" + number))
                .orElse(null);
    }

    private static URI queryAddress(SettingsReader settings) {
        String address = settings.text(Setting.QUERY_ADDRESS).orElseThrow();
        // If query listens on all interfaces, ingest reaches it through the loopback interface.
        String host = switch (address) {
            case "0.0.0.0" -> "127.0.0.1";
            case "::" -> "[::1]";
            default -> address.indexOf(':') >= 0 ? "[" + address + "]" : address;
        };
        return URI.create("http://%s:%d".formatted(host, settings.port(Setting.QUERY_PORT)));
    }
}
