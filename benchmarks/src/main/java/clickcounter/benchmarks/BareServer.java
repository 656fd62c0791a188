package clickcounter.benchmarks;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.HttpSettings;
import io.helidon.http.Status;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Map;

/// The bare framework, as a reference. `tuned` is the product's listener with a filter that answers 204 to
/// everything and does nothing else; `defaults` is the framework with its own defaults and one route.
final class BareServer {
    private BareServer() {}

    /// Listens on the port given until it is ended.
    public static void main(String[] arguments) {
        int port = Integer.parseInt(arguments[1]);
        Runnable stop = arguments[0].equals("tuned") ? startTuned(port) : startWithDefaults(port);
        Runtime.getRuntime().addShutdownHook(new Thread(stop));
    }

    private static Runnable startTuned(int port) {
        var settings = new SettingsReader(Map.of(
                Setting.SERVICE_ADDRESS.name(), "127.0.0.1", Setting.SERVICE_PORT.name(), Integer.toString(port)));
        var routing = HttpRouting.builder().addFilter((_, _, response) -> {
            response.status(Status.NO_CONTENT_204);
            response.send();
        });
        return HttpListener.start(
                HttpSettings.read(settings, Setting.SERVICE_ADDRESS, Setting.SERVICE_PORT),
                routing,
                MediaContext.create(),
                new PrometheusRegistry())::close;
    }

    private static Runnable startWithDefaults(int port) {
        var routing = HttpRouting.builder().get("/v1/banners/counter/{id}", (_, response) -> {
            response.status(Status.NO_CONTENT_204);
            response.send();
        });
        return WebServer.builder()
                .host("127.0.0.1")
                .port(port)
                .routing(routing)
                .build()
                .start()::stop;
    }
}
