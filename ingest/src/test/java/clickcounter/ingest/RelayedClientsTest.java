package clickcounter.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RelayedClientsTest {
    private final RelayedClients clients = new RelayedClients();
    private final AtomicInteger calls = new AtomicInteger();

    @Test
    void makesRoomWhenARequestBeginsOrItsClientHasGone() {
        clients.onRoom(calls::incrementAndGet);
        List<RelayedClients.Client> added = fill();

        added.get(0).begin();
        assertThat(clients.hasRoom()).isTrue();
        assertThat(calls).hasValue(1);

        added.add(clients.add());
        assertThat(clients.hasRoom()).isFalse();
        added.get(1).close();
        assertThat(clients.hasRoom()).isTrue();
        assertThat(calls).hasValue(2);
    }

    @Test
    void countsEachClientOnce() {
        List<RelayedClients.Client> added = fill();

        for (int time = 0; time < 3; time++) {
            added.getFirst().begin();
            added.getFirst().close();
        }

        clients.add();
        assertThat(clients.hasRoom()).isFalse();
    }

    private List<RelayedClients.Client> fill() {
        List<RelayedClients.Client> added = new ArrayList<>();
        while (clients.hasRoom()) {
            added.add(clients.add());
        }
        return added;
    }
}
