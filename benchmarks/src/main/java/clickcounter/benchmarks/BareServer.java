package clickcounter.benchmarks;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.HttpSettings;
import io.helidon.http.Status;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.http.HttpRouting;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Map;

/// The bare framework, as a reference: the product's listener with a filter that answers 204 to everything and
/// does nothing else.
final class BareServer {
    private BareServer() {}

    /// Listens on the port given until it is ended.
    public static void main(String[] arguments) {
        var settings = new SettingsReader(
                Map.of(Setting.SERVICE_ADDRESS.name(), "127.0.0.1", Setting.SERVICE_PORT.name(), arguments[0]));
        var routing = HttpRouting.builder().addFilter((_, _, response) -> {
            response.status(Status.NO_CONTENT_204);
            response.send();
        });
        HttpListener server = HttpListener.start(
                HttpSettings.read(settings, Setting.SERVICE_ADDRESS, Setting.SERVICE_PORT),
                routing,
                MediaContext.create(),
                new PrometheusRegistry());
        Runtime.getRuntime().addShutdownHook(new Thread(server::close));
    }
}
