package clickcounter.supervisor;

import clickcounter.migrations.EmbeddedDatabase;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A run of the embedded database. Its server ends with this process, however that ends.
final class DatabaseRun implements Run {
    private static final Logger logger = LoggerFactory.getLogger(DatabaseRun.class);

    private final Lifetime lifetime;
    private final EmbeddedDatabase database;

    private DatabaseRun(Lifetime lifetime, EmbeddedDatabase database) {
        this.lifetime = lifetime;
        this.database = database;
    }

    /// Returns when the server takes connections.
    ///
    /// @param port 0 for the one of the last time, or any free one
    static DatabaseRun start(Path dataDir, int port) throws IOException, InterruptedException {
        var lifetime = new Lifetime();
        EmbeddedDatabase database = EmbeddedDatabase.start(dataDir, port, lifetime);
        database.endWithThisProcess();
        return new DatabaseRun(lifetime, database);
    }

    @Override
    public boolean isReady() {
        return true;
    }

    @Override
    public boolean isAlive() {
        return !lifetime.hasEnded();
    }

    @Override
    public int awaitEnd() {
        Lifetime.End end = lifetime.await();
        if (end.code() != ExitCode.STOPPED) {
            logger.error("{}", end.reason());
        }
        stop();
        return end.code().status();
    }

    @Override
    public synchronized void stop() {
        lifetime.end(ExitCode.STOPPED, "stopped by the supervisor");
        try {
            database.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
