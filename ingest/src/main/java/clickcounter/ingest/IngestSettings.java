package clickcounter.ingest;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.http.HttpSettings;
import clickcounter.shared.log.LogSettings;
import java.net.URI;

/// All that ingest can be told.
///
/// @param http where it listens
/// @param log where clicks go
/// @param query where requests go that are no clicks
public record IngestSettings(HttpSettings http, LogSettings log, URI query) {

    /// **Errors**: [clickcounter.shared.StartFailure] that lists everything that is wrong.
    public static IngestSettings read(SettingsReader settings) {
        var http = HttpSettings.read(settings, Setting.SERVICE_ADDRESS, Setting.SERVICE_PORT);
        var log = LogSettings.read(settings);
        URI query = queryAddress(settings);
        settings.finish();
        return new IngestSettings(http, log, query);
    }

    private static URI queryAddress(SettingsReader settings) {
        String address = settings.text(Setting.QUERY_ADDRESS).orElseThrow();
        // Query that listens on every interface is reached on the loopback one.
        String host = switch (address) {
            case "0.0.0.0" -> "127.0.0.1";
            case "::" -> "[::1]";
            default -> address.indexOf(':') >= 0 ? "[" + address + "]" : address;
        };
        return URI.create("http://%s:%d".formatted(host, settings.port(Setting.QUERY_PORT)));
    }
}
