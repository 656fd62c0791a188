package clickcounter.aggregator;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.aggregator.Ledger.Balance;
import clickcounter.counts.LogPosition;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogMeter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class LedgerTest {
    private static final LogPosition NEW = new LogPosition(1, 0, ClickReader.START);

    private final Scene scene = new Scene();

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void anEmptyLogBalances() {
        try (var meter = LogMeter.open(scene.logFolder())) {
            var ledger = new Ledger(NEW);
            assertThat(ledger.balance(ledger.committed(), meter, meter.end())).isEqualTo(new Balance(0, 0, 0));
        }
    }

    @Test
    void countsAcrossCyclesWhereverTheDatabaseStands() {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        int clicks = 0;
        var ledger = new Ledger(NEW);
        try (var meter = LogMeter.open(scene.logFolder())) {
            for (int cycle = 0; cycle < 8; cycle++) {
                int more = 1 + random.nextInt(600);
                // Some cycles stay empty.
                scene.clicks(7, Scene.START.plus(Duration.ofMinutes(cycle * 10L * (1 + cycle / 4))), more);
                clicks += more;
                List<Long> indexes = indexes();
                int counted = random.nextInt(clicks) + 1;
                ledger.committed(new LogPosition(1, cycle + 1, indexes.get(counted - 1)), counted, 0);
                assertThat(ledger.balance(ledger.committed(), meter, meter.end()))
                        .as("seed " + seed)
                        .isEqualTo(new Balance(clicks, counted, clicks - counted));
            }
        }
    }

    @Test
    void beginsWhereTheLogWasTakenOver() {
        scene.clicks(7, Scene.START, 10);
        scene.clicks(7, Scene.START.plusSeconds(1_200), 10);
        List<Long> indexes = indexes();
        try (var meter = LogMeter.open(scene.logFolder())) {
            var ledger = new Ledger(new LogPosition(3, 9, indexes.get(3)));
            assertThat(ledger.balance(ledger.committed(), meter, meter.end())).isEqualTo(new Balance(16, 0, 16));
        }
    }

    @Test
    void showsAClickThatWasLostAndOneThatWasCountedTwice() {
        scene.clicks(7, Scene.START, 10);
        try (var meter = LogMeter.open(scene.logFolder())) {
            var ledger = new Ledger(NEW);
            ledger.committed(NEW.after(meter.end()), 9, 0);
            assertThat(ledger.balance(ledger.committed(), meter, meter.end()).difference())
                    .isOne();
            ledger.committed(NEW.after(meter.end()), 11, 0);
            assertThat(ledger.balance(ledger.committed(), meter, meter.end()).difference())
                    .isEqualTo(-1);
        }
    }

    private List<Long> indexes() {
        var indexes = new ArrayList<Long>();
        try (var reader = ClickReader.open(scene.logFolder())) {
            reader.read(Integer.MAX_VALUE, (index, _, _) -> indexes.add(index));
        }
        return indexes;
    }
}
