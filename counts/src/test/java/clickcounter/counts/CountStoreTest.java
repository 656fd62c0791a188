package clickcounter.counts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.shared.log.ClickReader;
import clickcounter.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CountStoreTest {
    private static final Counts NOTHING = counts();

    private final TestDatabase testDatabase = TestDatabase.create();
    private final Database database = connect(DatabaseSettings.of(testDatabase.url()));
    private final CountStore store = new CountStore(database, UUID.randomUUID());

    private static Database connect(DatabaseSettings settings) {
        new Schema(settings).up();
        return Database.connect(settings, "test", 2);
    }

    @AfterEach
    void close() {
        database.close();
        testDatabase.close();
    }

    @Test
    void knowsNoPositionOfALogThatWasNeverTakenOver() throws SQLException {
        assertThat(store.position()).isEmpty();
    }

    @Test
    void raisesTheEpochAtEachTakeOver() throws SQLException {
        assertThat(store.takeOver()).isEqualTo(new LogPosition(1, 0, ClickReader.START));
        assertThat(store.takeOver()).isEqualTo(new LogPosition(2, 0, ClickReader.START));
        assertThat(store.position()).contains(new LogPosition(2, 0, ClickReader.START));
        assertThat(new CountStore(database, UUID.randomUUID()).takeOver())
                .isEqualTo(new LogPosition(1, 0, ClickReader.START));
    }

    @Test
    void addsCountsAndMovesThePosition() throws SQLException {
        LogPosition position = store.takeOver();
        assertThat(store.flush(position, 5, counts(7, 0, 2, 8, 0, 1))).isTrue();
        assertThat(store.flush(position.after(5), 9, counts(7, 0, 3, 7, 1, Long.MAX_VALUE)))
                .isTrue();

        assertThat(store.position()).contains(new LogPosition(1, 2, 9));
        assertThat(minutes())
                .containsExactlyInAnyOrder(
                        "7 1970-01-01T00:00Z 5", "8 1970-01-01T00:00Z 1", "7 1970-01-01T00:01Z " + Long.MAX_VALUE);
    }

    @Test
    void movesThePositionWithoutCounts() throws SQLException {
        LogPosition position = store.takeOver();

        assertThat(store.flush(position, 5, NOTHING)).isTrue();

        assertThat(store.position()).contains(new LogPosition(1, 1, 5));
        assertThat(minutes()).isEmpty();
    }

    @Test
    void changesNothingWhenTheLogDoesNotStandThere() throws SQLException {
        LogPosition first = store.takeOver();
        store.flush(first, 5, NOTHING);
        assertThat(store.flush(first, 6, counts(7, 0, 1))).isFalse();

        LogPosition older = first.after(5);
        store.takeOver();
        assertThat(store.flush(older, 6, counts(7, 0, 1))).isFalse();

        assertThat(new CountStore(database, UUID.randomUUID()).flush(first, 6, counts(7, 0, 1)))
                .isFalse();
        assertThat(minutes()).isEmpty();
        assertThat(store.position()).contains(new LogPosition(2, 1, 5));
    }

    @Test
    void changesNothingWhenItFails() throws SQLException {
        LogPosition position = store.takeOver();
        store.flush(position, 5, counts(7, 0, Long.MAX_VALUE));

        assertThatThrownBy(() -> store.flush(position.after(5), 6, counts(6, 0, 1, 7, 0, 1)))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("bigint out of range");

        assertThat(store.position()).contains(position.after(5));
        assertThat(minutes()).hasSize(1);
    }

    private List<String> minutes() throws SQLException {
        try (Connection connection = testDatabase.connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("select banner_id, minute, clicks from banner_minute")) {
            List<String> minutes = new ArrayList<>();
            while (rows.next()) {
                minutes.add("%s %s %s"
                        .formatted(
                                rows.getLong(1),
                                rows.getObject(2, OffsetDateTime.class).withOffsetSameInstant(ZoneOffset.UTC),
                                rows.getLong(3)));
            }
            return minutes;
        }
    }

    /// @param rows banner, minute and clicks of one row after the other
    private static Counts counts(long... rows) {
        var builder = new Counts.Builder(0);
        for (int at = 0; at < rows.length; at += 3) {
            builder.add(rows[at], rows[at + 1], rows[at + 2]);
        }
        return builder.build();
    }
}
