package clickcounter.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.migrations.Schema.Change;
import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import clickcounter.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SchemaTest {
    private final TestDatabase database = TestDatabase.create();

    @AfterEach
    void drop() {
        database.close();
    }

    @Test
    void createsTheTablesAndDropsThem() throws SQLException {
        var schema = new Schema(settings());

        assertThat(schema.up()).isEqualTo(new Change(0, 3));
        assertThat(tables())
                .contains("banner_minute", "banner_hour", "banner_day", "banner_month", "click_log", "roll_up")
                .contains("total_minute", "total_hour", "total_day", "total_month");

        assertThat(schema.down()).isEqualTo(new Change(3, 0));
        assertThat(tables()).containsExactly("flyway_schema_history");
    }

    @Test
    void keepsTheCountsWhenMinutesArePartitionedAndWhenThatIsTakenBack() throws SQLException {
        String counts = """
                select string_agg(banner_id || ' ' || extract(epoch from minute)::bigint || ' ' || clicks, ', '
                                  order by banner_id, minute)
                from banner_minute""";
        var schema = new Schema(settings());
        schema.goTo(1);
        execute("""
                insert into banner_minute
                select number % 7 + 1, timestamptz '2023-11-30 23:50Z' + number * interval '997 minutes', number
                from generate_series(1, 500) number""");
        String before = text(counts);

        assertThat(schema.goTo(2)).isEqualTo(new Change(1, 2));
        assertThat(text(counts)).isEqualTo(before);
        assertThat(text("select count(*) from minute_partition where before <= '2025-01-01Z'"))
                .isEqualTo("12");

        assertThat(schema.goTo(1)).isEqualTo(new Change(2, 1));
        assertThat(text(counts)).isEqualTo(before);
        assertThat(tables()).containsExactly("banner_minute", "click_log", "flyway_schema_history");
        assertThat(schema.up()).isEqualTo(new Change(1, 3));
    }

    @Test
    void sumsUpAllBannersOfWhatWasRolledUpBefore() throws SQLException {
        var schema = new Schema(settings());
        schema.goTo(2);
        execute("""
                select add_minute_partition('2024-03-01Z');
                insert into banner_minute values (7, '2024-03-01Z', 5), (8, '2024-03-01Z', 2), (7, '2024-03-01 10:00Z', 3);
                update roll_up set rolled_until = '2024-03-01 10:00Z'""");
        for (String sum : List.of("hour", "day", "month")) {
            execute("insert into banner_%s values (7, '2024-03-01Z', 5), (8, '2024-03-01Z', 2), (7, '2024-04-01Z', 1)"
                    .formatted(sum));
        }

        schema.up();
        for (String sum : List.of("hour", "day", "month")) {
            assertThat(text("select string_agg(clicks::text, ' ' order by %1$s) from total_%1$s".formatted(sum)))
                    .isEqualTo("7 1");
        }
        assertThat(text("select string_agg(clicks::text, ' ' order by minute) from total_minute"))
                .isEqualTo("7");
        assertThat(text("select sum_clicks(clicks) from banner_hour")).isEqualTo("8");
    }

    @Test
    void makesAPartitionForEachMonthInUtcOnce() throws SQLException {
        new Schema(settings()).up();
        for (String time :
                List.of("2024-01-01 00:00Z", "2024-01-31 23:59:59Z", "2024-02-01 00:00Z", "1970-01-01 00:00Z")) {
            execute("set timezone = 'Pacific/Apia'; select add_minute_partition('%s')".formatted(time));
        }

        assertThat(text("""
                        select string_agg(name || ' ' || extract(epoch from since)::bigint || ' '
                                          || extract(epoch from before)::bigint, ', ' order by since)
                        from minute_partition where since < '2025-01-01Z'"""))
                .isEqualTo("banner_minute_1970_01 0 2678400, banner_minute_2024_01 1704067200 1706745600,"
                        + " banner_minute_2024_02 1706745600 1709251200");
        assertThat(text("select reloptions::text from pg_class where relname = 'banner_minute_2024_01'"))
                .isEqualTo("{fillfactor=70}");
        assertThat(text("select count(*) from pg_indexes where tablename = 'banner_minute_2024_01'"))
                .isEqualTo("2");
    }

    @Test
    void dropsOnlyMonthsThatAreSummedUp() throws SQLException {
        new Schema(settings()).up();
        execute("select add_minute_partition('2024-01-01Z'), add_minute_partition('2024-02-01Z')");

        assertThat(text("select drop_minute_partitions('2024-03-01Z')")).isEqualTo("0");
        execute("update roll_up set rolled_until = '2024-02-29 23:59Z'");
        assertThat(text("select drop_minute_partitions('2024-03-01Z')")).isEqualTo("1");
        assertThat(text("select minutes_since = '2024-02-01Z' from roll_up")).isEqualTo("t");
        execute("update roll_up set rolled_until = '2024-03-01Z'");
        assertThat(text("select drop_minute_partitions('2024-02-29 23:59Z')")).isEqualTo("0");
        assertThat(text("select drop_minute_partitions('2024-03-01Z')")).isEqualTo("1");

        execute("select add_minute_partition('2024-02-15Z')");
        assertThat(text("select count(*) from minute_partition where since < '2025-01-01Z'"))
                .as("what was dropped stays dropped")
                .isEqualTo("0");
    }

    @Test
    void changesNothingWhenItIsUpToDate() {
        var schema = new Schema(settings());
        schema.up();

        assertThat(schema.up()).isEqualTo(new Change(3, 3));
    }

    @Test
    void refusesCountsThatAreNotPositive() {
        new Schema(settings()).up();

        assertThatThrownBy(() -> execute("insert into banner_minute values (1, now(), 0)"))
                .hasMessageContaining("banner_minute_clicks_check");
    }

    @Test
    void goesToAnyVersionAndBack() throws SQLException {
        Schema schema = schema("three");

        assertThat(schema.goTo(2)).isEqualTo(new Change(0, 2));
        assertThat(tables()).contains("first", "second");
        assertThat(schema.up()).isEqualTo(new Change(2, 3));
        assertThat(text("select third()")).isEqualTo("3");
        assertThat(schema.goTo(1)).isEqualTo(new Change(3, 1));
        assertThat(tables()).contains("first").doesNotContain("second");
        assertThat(schema.goTo(3)).isEqualTo(new Change(1, 3));
        assertThat(text("select count(*) from second")).isEqualTo("2");
    }

    @Test
    void refusesAVersionThatDoesNotExist() {
        assertThatThrownBy(() -> schema("three").goTo(4))
                .isInstanceOf(StartFailure.class)
                .hasMessage("There is no schema version 4: this release knows 0 (nothing) to 3.");
    }

    @Test
    void refusesToTakeBackWhatHasNoUndoScriptBeforeItChangesAnything() throws SQLException {
        Schema schema = schema("irreversible");
        schema.up();

        assertThatThrownBy(schema::down)
                .isInstanceOf(StartFailure.class)
                .hasMessage("Migration 2 (second) cannot be taken back, because it has no undo script U2__….sql;"
                        + " nothing was changed.");
        assertThat(tables()).contains("first", "second");
        assertThat(schema.status().history().version()).isEqualTo(2);
    }

    @Test
    void takesBackAllOrNothing() throws SQLException {
        Schema schema = schema("three");
        schema.up();
        execute("create view blocks_the_undo_of_1 as select * from first");

        assertThatThrownBy(schema::down)
                .isInstanceOf(StartFailure.class)
                .hasMessageStartingWith(
                        "The schema of the database " + settings().url() + " was not changed: ")
                .hasMessageContaining("cannot drop table first because other objects depend on it");
        assertThat(schema.status().history().version()).isEqualTo(3);
        assertThat(text("select third()")).isEqualTo("3");
    }

    @Test
    void namesTheStatementThatFailedAndTheVersionThatIsLeft() throws SQLException {
        Schema schema = schema("broken");

        assertThatThrownBy(schema::up)
                .isInstanceOf(StartFailure.class)
                .hasMessageStartingWith(
                        "Migrating the schema of the database " + settings().url() + " failed, it has version 1: ")
                .hasMessageContaining("V2__second.sql")
                .hasMessageContaining("invalid input syntax for type integer")
                .message()
                .doesNotContain("\n");
        assertThat(tables()).contains("first").doesNotContain("second");
    }

    @Test
    void refusesADatabaseOfANewerRelease() {
        schema("newer").up();

        assertThatThrownBy(() -> new Schema(settings()).up())
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The schema of the database %s has version 9, this release knows only 3: use the migrate.sh"
                                + " of the newer release.",
                        settings().url());
    }

    @Test
    void refusesADatabaseThatHoldsSomethingElse() throws SQLException {
        execute("create table of_somebody_else (id int)");

        assertThatThrownBy(() -> new Schema(settings()).up())
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "Migrating the schema of the database %s failed, it has version 0: it has tables of"
                                + " something else. Give Click Counter a database of its own.",
                        settings().url());
    }

    @Test
    void refusesMigrationsThatWereEditedAfterTheyWereAppliedUntilTheyAreAccepted() {
        schema("three").goTo(1);
        Schema edited = schema("edited");

        assertThatThrownBy(edited::up)
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("Migration checksum mismatch for migration version 1")
                .hasMessageEndingWith("accept the files with ./migrate.sh -fix VERSION.")
                .message()
                .doesNotContain("\n");

        edited.fix(1);
        assertThat(edited.up()).isEqualTo(new Change(1, 2));
    }

    @Test
    void recordsAVersionThatWasReachedByHand() throws SQLException {
        execute("create table first (id int)");
        execute("create table second (id int)");
        Schema schema = schema("three");

        assertThat(schema.fix(2)).isEqualTo(new Change(0, 2));
        assertThat(schema.up()).isEqualTo(new Change(2, 3));
        assertThat(text("select string_agg(script || ' ' || success, ', ' order by installed_rank)"
                        + " from flyway_schema_history"))
                .isEqualTo("V1__first.sql true, V2__second.sql true, V3__third.sql true");
    }

    @Test
    void forgetsAFailedMigrationWhenItIsFixed() throws SQLException {
        Schema schema = schema("three");
        schema.goTo(2);
        execute("update flyway_schema_history set success = false where version = '2'");

        assertThatThrownBy(schema::up)
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "A migration of the database %s has failed halfway: repair its tables, then record the"
                                + " version that they have with ./migrate.sh -fix VERSION.",
                        settings().url());

        execute("drop table second");
        assertThat(schema.fix(1)).isEqualTo(new Change(2, 1));
        assertThat(schema.up()).isEqualTo(new Change(1, 3));
    }

    @Test
    void canForgetEverything() throws SQLException {
        Schema schema = schema("three");
        schema.up();
        execute("drop table first, second; drop function third()");

        assertThat(schema.fix(0)).isEqualTo(new Change(3, 0));
        assertThat(schema.up()).isEqualTo(new Change(0, 3));
    }

    @Test
    void letsOneChangeAtATimeHappen() throws Exception {
        int callers = 8;
        var changes = new ArrayList<Callable<Change>>();
        for (int caller = 0; caller < callers; caller++) {
            int version = caller % 2 == 0 ? 3 : 0;
            changes.add(() -> schema("three").goTo(version));
        }
        try (var threads = Executors.newFixedThreadPool(callers)) {
            for (var change : threads.invokeAll(changes)) {
                assertThat(change.get().to()).isIn(0, 3);
            }
        }
        int version = schema("three").status().history().version();
        assertThat(tables().contains("first")).isEqualTo(version == 3);
    }

    private DatabaseSettings settings() {
        return DatabaseSettings.of(database.url());
    }

    private Schema schema(String folder) {
        return new Schema(settings(), new Lifetime(), Migrations.in("clickcounter/migrations/" + folder));
    }

    private List<String> tables() throws SQLException {
        return List.of(text("select coalesce(string_agg(tablename, ',' order by tablename), '') from pg_tables"
                        + " where schemaname = 'public'")
                .split(",", -1));
    }

    private String text(String query) throws SQLException {
        try (Connection connection = database.connect();
                var statement = connection.createStatement();
                var row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
