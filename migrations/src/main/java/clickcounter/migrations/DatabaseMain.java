package clickcounter.migrations;

import clickcounter.shared.Lifetime;
import clickcounter.shared.ProcessMain;
import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import java.io.IOException;
import java.nio.file.Path;

/// The process of the embedded database, for operators who set no `DATABASE_URL`.
public final class DatabaseMain {
    private DatabaseMain() {}

    /// Runs until a signal, or until the server ends.
    public static void main(String[] arguments) {
        ProcessMain.run("database", DatabaseMain::start);
    }

    static EmbeddedDatabase start(SettingsReader settings, Lifetime lifetime) throws IOException, InterruptedException {
        Path dataDir = settings.path(Setting.DATA_DIR);
        int port = settings.port(Setting.DATABASE_PORT);
        settings.finish();
        return EmbeddedDatabase.start(dataDir, port, lifetime);
    }
}
