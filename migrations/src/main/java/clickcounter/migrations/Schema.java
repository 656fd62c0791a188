package clickcounter.migrations;

import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.CoreErrorCode;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.postgresql.ds.PGSimpleDataSource;

/// The schema of one database. Flyway migrates it up; the undo scripts beside the migrations take it down.
///
/// **Threads**: any; a lock in the database permits one change at a time, from any process.
///
/// **Errors**: [StartFailure] in one line; the schema is then unchanged, or has the version that the message
/// names.
public final class Schema {
    /// The advisory lock that a process holds while it changes the schema: `click` as a number.
    private static final long LOCK = 0x63_6c_69_63_6bL;

    /// How long one change waits for another to end.
    private static final Duration MAX_LOCK_WAIT = Duration.ofMinutes(2);

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final DatabaseSettings settings;
    private final Lifetime lifetime;
    private final Migrations migrations;
    private final PGSimpleDataSource dataSource;

    /// The product's schema in a database; nothing is opened yet.
    public Schema(DatabaseSettings settings) {
        this(settings, new Lifetime());
    }

    /// @param lifetime whose end also ends the wait for a database that does not answer yet
    public Schema(DatabaseSettings settings, Lifetime lifetime) {
        this(settings, lifetime, Migrations.in(Migrations.FOLDER));
    }

    Schema(DatabaseSettings settings, Lifetime lifetime, Migrations migrations) {
        this.lifetime = lifetime;
        this.settings = settings;
        this.migrations = migrations;
        // A migration may take any time, and the server is silent meanwhile.
        this.dataSource = settings.url().dataSource("click-counter-migrate", Duration.ZERO);
    }

    /// The versions before and after a change.
    public record Change(int from, int to) {
        /// Says what has changed in the database of `url`.
        public String sentence(DatabaseUrl url) {
            return from == to
                    ? "The schema of %s has version %d already.".formatted(url, to)
                    : "The schema of %s went from version %d to %d.".formatted(url, from, to);
        }
    }

    /// What the database has and what this release knows.
    public record Status(SchemaHistory history, Migrations known) {}

    /// Work that is done while nobody else changes the schema, in a transaction that is committed at the end.
    private interface Locked {
        Change run(Connection connection, SchemaHistory history) throws SQLException;
    }

    /// Reads what the database has.
    public Status status() {
        try (Connection connection = FirstConnection.open(settings, dataSource, lifetime)) {
            return new Status(SchemaHistory.read(connection), migrations);
        } catch (SQLException failure) {
            throw ConnectFailure.explain(settings, failure);
        }
    }

    /// Applies all migrations that are missing.
    public Change up() {
        return goTo(migrations.newest());
    }

    /// Takes all migrations back: the tables are dropped.
    public Change down() {
        return goTo(0);
    }

    /// Applies or takes back migrations until the schema has this version. All are taken back in one
    /// transaction.
    public Change goTo(int version) {
        requireKnown(version);
        return locked((connection, history) -> {
            if (history.version() > migrations.newest()) {
                throw new StartFailure("""
                        The schema of the database %s has version %d, this release knows only %d: use the \
                        migrate.sh of the newer release.\
                        """.formatted(settings.url(), history.version(), migrations.newest()));
            }
            if (history.hasFailed()) {
                throw new StartFailure("""
                        A migration of the database %s has failed halfway: repair its tables, then record the \
                        version that they have with ./migrate.sh -fix VERSION.\
                        """.formatted(settings.url()));
            }
            if (version > history.version()) {
                migrate(version);
            } else {
                undo(connection, history, version);
            }
            return new Change(history.version(), version);
        });
    }

    /// Records that the schema has this version, whatever the history says, and changes nothing else. It is for
    /// an operator who has repaired the tables after a failure.
    public Change fix(int version) {
        requireKnown(version);
        return locked((connection, history) -> {
            Flyway flyway = flyway(migrations.newest());
            if (!history.exists()) {
                flyway.baseline(); // makes the table; its row is replaced with all others
            }
            try (var delete = connection.createStatement()) {
                delete.execute("delete from " + SchemaHistory.TABLE);
            }
            for (MigrationInfo migration : flyway.info().all()) {
                if (migration.isVersioned()
                        && numberOf(migration) <= version
                        && migration.getResolvedChecksum() != null) {
                    record(connection, migration);
                }
            }
            return new Change(history.version(), version);
        });
    }

    private static int numberOf(MigrationInfo migration) {
        return Integer.parseInt(migration.getVersion().getVersion());
    }

    /// Records a migration as Flyway itself would have done, so that Flyway continues from there.
    private void record(Connection connection, MigrationInfo migration) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into %s (installed_rank, version, description, type, script, checksum, installed_by,
                                execution_time, success)
                values (?, ?, ?, 'SQL', ?, ?, current_user, 0, true)
                """.formatted(SchemaHistory.TABLE))) {
            insert.setInt(1, numberOf(migration));
            insert.setString(2, migration.getVersion().getVersion());
            insert.setString(3, migrations.description(numberOf(migration)));
            insert.setString(4, migration.getScript());
            insert.setInt(5, migration.getResolvedChecksum());
            insert.executeUpdate();
        }
    }

    private void requireKnown(int version) {
        if (version < 0 || version > migrations.newest()) {
            throw new StartFailure("There is no schema version %d: this release knows 0 (nothing) to %d."
                    .formatted(version, migrations.newest()));
        }
    }

    private Change locked(Locked work) {
        try (Connection connection = FirstConnection.open(settings, dataSource, lifetime)) {
            connection.setAutoCommit(false);
            try (var statement = connection.createStatement()) {
                statement.execute("set local lock_timeout = %d".formatted(MAX_LOCK_WAIT.toMillis()));
                // While Flyway works, this transaction only holds the lock; the server must not end it because
                // it is idle.
                statement.execute("set local idle_in_transaction_session_timeout = 0");
                statement.execute("select pg_advisory_xact_lock(%d)".formatted(LOCK));
            }
            Change change = work.run(connection, SchemaHistory.read(connection));
            connection.commit();
            return change;
        } catch (SQLException failure) {
            if (LOCK_NOT_AVAILABLE.equals(failure.getSQLState())) {
                throw new StartFailure("""
                        The schema of the database %s was not changed, because something else has held its locks \
                        for %d s. Try again when that has ended.\
                        """.formatted(settings.url(), MAX_LOCK_WAIT.toSeconds()), failure);
            }
            throw new StartFailure(
                    "The schema of the database %s was not changed: %s."
                            .formatted(settings.url(), ConnectFailure.oneLine(failure)),
                    failure);
        }
    }

    private void migrate(int version) {
        try {
            flyway(version).migrate();
        } catch (FlywayValidateException failure) {
            throw new StartFailure("""
                        The applied migrations of the database %s are not those of this release (%s). Restore \
                        their files; or, when the tables are right, accept the files with ./migrate.sh -fix \
                        VERSION.\
                        """.formatted(settings.url(), ConnectFailure.oneLine(failure)), failure);
        } catch (FlywayException failure) {
            throw new StartFailure(
                    "Migrating the schema of the database %s failed, it has version %d: %s."
                            .formatted(settings.url(), status().history().version(), reason(failure)),
                    failure);
        }
    }

    private static String reason(FlywayException failure) {
        if (failure.getErrorCode() == CoreErrorCode.NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE) {
            return "it has tables of something else. Give Click Counter a database of its own";
        }
        return ConnectFailure.oneLine(failure);
    }

    /// Takes back all migrations after a version.
    ///
    /// **Errors**: [StartFailure] before anything is
    /// changed when a migration has no undo script.
    private void undo(Connection connection, SchemaHistory history, int version) throws SQLException {
        List<Integer> undone = history.entries().reversed().stream()
                .map(SchemaHistory.Entry::version)
                .filter(applied -> applied > version)
                .toList();
        for (int applied : undone) {
            if (migrations.undo(applied).isEmpty()) {
                throw new StartFailure("""
                        Migration %d (%s) cannot be taken back, because it has no undo script U%d__….sql; \
                        nothing was changed.\
                        """.formatted(applied, migrations.description(applied), applied));
            }
        }
        for (int applied : undone) {
            try (var statement = connection.createStatement();
                    var delete =
                            connection.prepareStatement("delete from " + SchemaHistory.TABLE + " where version = ?")) {
                statement.execute(migrations.undo(applied).orElseThrow());
                delete.setString(1, Integer.toString(applied));
                delete.executeUpdate();
            }
        }
    }

    private Flyway flyway(int target) {
        return Flyway.configure()
                .dataSource(dataSource)
                .locations("classpath:" + migrations.folder())
                .table(SchemaHistory.TABLE)
                .target(Integer.toString(target))
                .baselineVersion("0")
                .loggers("slf4j")
                .load();
    }
}
