package clickcounter.counts;

import static clickcounter.counts.Scene.counts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.log.ClickReader;
import clickcounter.testing.LogAndDatabase.BannerMinute;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CountStoreTest {
    private static final Counts NOTHING = counts();

    private final Scene scene = new Scene();
    private final CountStore store = new CountStore(scene.database, UUID.randomUUID());

    @AfterEach
    void close() {
        scene.close();
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
        assertThat(new CountStore(scene.database, UUID.randomUUID()).takeOver())
                .isEqualTo(new LogPosition(1, 0, ClickReader.START));
    }

    @Test
    void addsCountsAndMovesThePosition() throws SQLException {
        LogPosition position = store.takeOver();
        assertThat(store.flush(position, 5, counts(7, 0, 2, 8, 0, 1))).isTrue();
        assertThat(store.flush(position.after(5), 9, counts(7, 0, 3, 7, 1, Long.MAX_VALUE)))
                .isTrue();

        assertThat(store.position()).contains(new LogPosition(1, 2, 9));
        assertThat(scene.counted())
                .isEqualTo(Map.of(
                        new BannerMinute(7, Instant.EPOCH),
                        5L,
                        new BannerMinute(8, Instant.EPOCH),
                        1L,
                        new BannerMinute(7, Instant.EPOCH.plusSeconds(60)),
                        Long.MAX_VALUE));
    }

    @Test
    void movesThePositionWithoutCounts() throws SQLException {
        LogPosition position = store.takeOver();

        assertThat(store.flush(position, 5, NOTHING)).isTrue();

        assertThat(store.position()).contains(new LogPosition(1, 1, 5));
        assertThat(scene.counted()).isEmpty();
    }

    @Test
    void changesNothingWhenTheLogDoesNotStandThere() throws SQLException {
        LogPosition first = store.takeOver();
        store.flush(first, 5, NOTHING);
        assertThat(store.flush(first, 6, counts(7, 0, 1))).isFalse();

        LogPosition older = first.after(5);
        store.takeOver();
        assertThat(store.flush(older, 6, counts(7, 0, 1))).isFalse();

        assertThat(new CountStore(scene.database, UUID.randomUUID()).flush(first, 6, counts(7, 0, 1)))
                .isFalse();
        assertThat(scene.counted()).isEmpty();
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
        assertThat(scene.counted()).hasSize(1);
    }
}
