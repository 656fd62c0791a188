package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.MinuteCounts;
import clickcounter.query.statistics.Statistics.Answer;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tests the answers while the tail and the database do not meet.
class StatisticsGapsTest {
    private static final int MAX_KEPT = 10;

    private QueryParts parts;
    private Statistics statistics;

    @BeforeEach
    void open(@TempDir Path folder) throws SQLException {
        parts = QueryParts.open(folder, MAX_KEPT);
        statistics =
                new Statistics(parts.counts, parts.tail, 1_000_000, Duration.ofSeconds(20), InstantSource.system());
    }

    @AfterEach
    void close() {
        parts.close();
    }

    private void append(int clicks) {
        for (int click = 0; click < clicks; click++) {
            parts.log.append(1);
        }
    }

    private Answer<List<MinuteCounts>> answer() throws Exception {
        return QueryParts.ask(statistics, 1);
    }

    /// Waits until the tail has taken over the position, which it does in its next pass at the latest.
    private void tellTail(long position) {
        parts.tail.committed(position);
        parts.tail.awaitEnd(Duration.ofSeconds(20));
    }

    @Test
    void pausesWhenTheAllowedNumberOfClicksIsKeptAndSaysUntilWhenTheAnswerIsComplete() throws Exception {
        append(9);
        Instant before = Instant.now();
        append(1);
        Instant after = Instant.now();
        append(5);

        Answer<List<MinuteCounts>> paused = answer();
        assertThat(QueryParts.sum(paused)).isEqualTo(10);
        assertThat(paused.completeUntil()).isBetween(before.minusMillis(1), after);
    }

    @Test
    void continuesAfterAPauseWhenTheDatabaseHasTheKeptClicks() throws Exception {
        append(25);
        assertThat(QueryParts.sum(answer())).isEqualTo(10);

        tellTail(parts.aggregator.move(10));
        Answer<List<MinuteCounts>> second = answer();
        assertThat(QueryParts.sum(second)).isEqualTo(20);
        assertThat(second.completeUntil()).isNotNull();

        tellTail(parts.aggregator.move(10));
        assertThat(answer())
                .satisfies(answer -> assertThat(QueryParts.sum(answer)).isEqualTo(25));
        assertThat(answer().completeUntil()).isNull();
    }

    @Test
    void jumpsWhenTheDatabaseIsAheadOfAllKeptClicks() throws Exception {
        append(50);
        assertThat(QueryParts.sum(answer())).isEqualTo(10);

        long position = parts.aggregator.move(45);
        Answer<List<MinuteCounts>> beforeTheTailKnows = answer();
        assertThat(QueryParts.sum(beforeTheTailKnows)).isEqualTo(45);
        assertThat(beforeTheTailKnows.completeUntil()).isNotNull();

        tellTail(position);
        assertThat(QueryParts.sum(answer())).isEqualTo(50);
        assertThat(answer().completeUntil()).isNull();
    }

    @Test
    void keepsTheClicksAfterTheDatabasesPositionWhenThatIsInTheMiddle() throws Exception {
        append(8);
        tellTail(parts.aggregator.move(3));
        append(1);

        assertThat(QueryParts.sum(answer())).isEqualTo(9);
        assertThat(answer().completeUntil()).isNull();
    }

    @Test
    void answersFromTheDatabaseAloneWhenTheTailHasDroppedMoreThanItHas() throws Exception {
        append(8);
        long older = parts.aggregator.move(3);
        long newer = parts.aggregator.move(5);
        tellTail(newer);
        restore(older, 3);

        Answer<List<MinuteCounts>> answer = answer();
        assertThat(QueryParts.sum(answer)).isEqualTo(3);
        assertThat(answer.completeUntil()).isEqualTo(Instant.EPOCH);
    }

    @Test
    void readsTheLogAgainWhenTheDatabaseWasRestored() throws Exception {
        append(8);
        long older = parts.aggregator.move(3);
        tellTail(parts.aggregator.move(5));
        assertThat(QueryParts.sum(answer())).isEqualTo(8);
        restore(older, 3);

        tellTail(parts.counts.position());
        assertThat(QueryParts.sum(answer())).isEqualTo(8);
        assertThat(answer().completeUntil()).isNull();
    }

    @Test
    void readsTheLogFromItsStartWhenTheDatabaseWasEmptied() throws Exception {
        append(8);
        tellTail(parts.aggregator.move(8));
        parts.execute("delete from click_log");
        parts.execute("delete from banner_minute");

        tellTail(parts.counts.position());
        assertThat(QueryParts.sum(answer())).isEqualTo(8);
        assertThat(answer().completeUntil()).isNull();
    }

    @Test
    void answersFromTheDatabaseAloneWhileItsPositionIsNotInTheLog() throws Exception {
        append(8);
        long position = parts.aggregator.move(3);
        parts.aggregator.setPosition(position + (1L << 40));

        tellTail(parts.counts.position());
        append(1);
        Answer<List<MinuteCounts>> lost = answer();
        assertThat(QueryParts.sum(lost)).isEqualTo(3);
        assertThat(lost.completeUntil()).isEqualTo(Instant.EPOCH);

        parts.aggregator.setPosition(position);
        tellTail(parts.counts.position());
        assertThat(QueryParts.sum(answer())).isEqualTo(9);
        assertThat(answer().completeUntil()).isNull();
    }

    @Test
    void doesNotWaitLongerThanItMay() throws Exception {
        append(5);
        var impatient = new Statistics(parts.counts, parts.tail, 1_000_000, Duration.ZERO, InstantSource.system());

        // The tail may or may not be fast enough, but what the answer says of itself must be true.
        for (int attempt = 0; attempt < 1_000; attempt++) {
            append(attempt % 2);
            Answer<List<MinuteCounts>> answer = QueryParts.ask(impatient, 1);
            if (answer.completeUntil() == null) {
                assertThat(QueryParts.sum(answer)).isEqualTo(5 + (attempt + 1) / 2);
            }
            if (attempt % 8 == 0) {
                tellTail(parts.aggregator.move());
            }
        }
    }

    private void restore(long position, long clicks) throws SQLException {
        parts.aggregator.setPosition(position);
        parts.execute("delete from banner_minute");
        parts.execute("select add_minute_partition('2024-01-01Z')");
        parts.execute("insert into banner_minute values (1, '2024-01-01 10:00Z', %d)".formatted(clicks));
    }
}
