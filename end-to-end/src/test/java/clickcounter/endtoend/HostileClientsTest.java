package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Program;
import clickcounter.testing.Await;
import clickcounter.testing.Ports;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToIntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Clients that are malicious or broken: the clicks of the others are still taken and counted exactly.
///
/// `./mvnw verify` runs each of [Attacks] for a moment; with `-Pchaos` they are larger and take longer, and
/// `-Dfuzz.minutes=10` says how long the test of any bytes runs. `-Dhostile.only='bodies|heads'` runs only
/// the attacks in whose names that regular expression finds something. The times that the others measure are
/// printed, not asserted, because the machine may be busy.
final class HostileClientsTest {
    /// A banner that no attack clicks on.
    private static final long OWN_BANNER = 4_815_162_342_000_000_001L;

    /// What a JVM needs beside its heap.
    private static final long BESIDE_HEAP_MIB = 256;

    private static final Map<String, Long> MAX_HEAP_MIB = Map.of("ingest", 384L, "aggregator", 256L, "query", 384L);
    private static final int FEW_FILES = 1_024;
    private static final String FEW = "ingest-of-few-files";
    private static final Pattern ONLY = Pattern.compile(System.getProperty("hostile.only", ""));
    private static final Pattern TOTAL = Pattern.compile("\\{\"total\":(\\d+),");

    /// Both must be waited for: so many clicks and so many questions, during each attack and after it.
    private record Patience(int clicks, int questions) {}

    private static final Patience A_MOMENT = new Patience(100, 5);
    private static final Patience LONG = new Patience(1_500, 60);

    private final HostileReport report = new HostileReport();
    private final Map<String, Long> mostBytes = new TreeMap<>();
    private long ownClicks;

    @TempDir
    Path folder;

    @Test
    void noAttackFailsAClickOfTheOthersOrAProcess() throws Exception {
        run(Attacks.all(), Attack::few, A_MOMENT);
    }

    @Test
    @Tag("long")
    void noLargeAttackFailsAClickOfTheOthersOrAProcess() throws Exception {
        run(Attacks.all(), Attack::many, LONG);
    }

    @Test
    @Tag("long")
    void anyBytesForALongTimeFailNothing() throws Exception {
        int seconds = (int) Duration.ofMinutes(Long.getLong("fuzz.minutes", 10)).toSeconds() / 2;
        run(
                List.of(
                        new Attack("any bytes", "all of them", Attack.Where.INGEST, seconds, seconds, Fuzz::attack),
                        new Attack(
                                "any bytes at query's port",
                                "all of them",
                                Attack.Where.QUERY,
                                seconds,
                                seconds,
                                Fuzz::attack)),
                Attack::many,
                LONG);
    }

    private void run(List<Attack> attacks, ToIntFunction<Attack> size, Patience patience) throws Exception {
        int fewFilesPort = Ports.free();
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of())) {
            service.launch(
                            FEW,
                            Program.INGEST,
                            Map.of("SERVICE_PORT", Integer.toString(fewFilesPort)),
                            "prlimit",
                            "--nofile=" + FEW_FILES)
                    .awaitReady();
            for (Attack attack : attacks) {
                if (ONLY.matcher(attack.name()).find()) {
                    suffer(service, fewFilesPort, attack, size.applyAsInt(attack), patience);
                }
            }
            service.process(FEW).stopCleanly();
            service.stop();
            assertThat(database.number("select sum(clicks) from banner_minute where banner_id = " + OWN_BANNER))
                    .isEqualTo(ownClicks);
        } finally {
            report.write();
        }
    }

    private void suffer(Service service, int fewFilesPort, Attack attack, int size, Patience patience)
            throws Exception {
        System.out.println("attack: " + attack.name());
        int attacked = switch (attack.where()) {
            case INGEST -> service.port();
            case QUERY -> service.queryPort();
            case INGEST_OF_FEW_FILES -> fewFilesPort;
        };
        int others = attack.where() == Attack.Where.INGEST_OF_FEW_FILES ? fewFilesPort : service.port();
        long ownBefore = ownClicks;
        long allBefore = allClicks(service);
        mostBytes.clear();
        long acknowledged;
        var bystanders = Bystanders.start(service, others, OWN_BANNER, ownBefore);
        try (bystanders) {
            acknowledged = attack.action().run(service, attacked, size, () -> measure(service, bystanders, patience));
            measure(service, bystanders, patience);
        } finally {
            report.add(attack, size, bystanders, ended(service).size(), mostBytes);
        }
        ownClicks = bystanders.acknowledgedClicks();
        assertThat(ended(service)).as("processes that ended").isEmpty();
        assertThat(bystanders.problems()).as(attack.name()).isEmpty();
        assertThat(service.totalClicks(OWN_BANNER)).as(attack.name()).isEqualTo(ownClicks);
        if (acknowledged != Attack.UNKNOWN) {
            assertThat(allClicks(service))
                    .as("clicks on all banners after %s", attack.name())
                    .isEqualTo(allBefore + ownClicks - ownBefore + acknowledged);
        }
        mostBytes.forEach((process, bytes) -> assertThat(bytes >> 20)
                .as("MiB of %s during %s", process, attack.name())
                .isLessThan(MAX_HEAP_MIB.getOrDefault(process.split("-", 2)[0], 0L) + BESIDE_HEAP_MIB));
        for (TestProcess process : service.processes()) {
            assertThat(process.output())
                    .as("output of %s after %s", process.name(), attack.name())
                    .doesNotContain("\tat ");
        }
    }

    private void measure(Service service, Bystanders bystanders, Patience patience) {
        bystanders.awaitMore(patience.clicks, patience.questions);
        for (TestProcess process : service.processes()) {
            mostBytes.merge(process.name(), process.usage().ownBytes(), Math::max);
        }
    }

    private static List<String> ended(Service service) {
        return service.processes().stream()
                .filter(process -> !process.isAlive())
                .map(TestProcess::name)
                .toList();
    }

    /// The answers that the attackers have asked for may still be made, and this question waits for them.
    private static long allClicks(Service service) {
        var total = new AtomicLong();
        Await.until("the clicks on all banners are known", () -> {
            Matcher answer = TOTAL.matcher(
                    service.get("/v1/banners/totals?from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&step=total")
                            .body());
            boolean isKnown = answer.find();
            total.set(isKnown ? Long.parseLong(answer.group(1)) : 0);
            return isKnown;
        });
        return total.get();
    }
}
