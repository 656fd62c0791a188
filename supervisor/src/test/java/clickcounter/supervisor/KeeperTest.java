package clickcounter.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import clickcounter.testing.Await;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class KeeperTest {
    private static final String STAYS = "printf $$ > \"$0\"; exec sleep 600";

    private final Lifetime lifetime = new Lifetime();
    private final List<Keeper> keepers = new ArrayList<>();

    @TempDir
    Path folder;

    @AfterEach
    void stopAll() {
        lifetime.end(ExitCode.STOPPED, "end of the test");
        keepers.forEach(Keeper::stop);
    }

    /// A member of the service that runs a script; `$0` is its ready file.
    private final class Member {
        final List<ChildProcess> runs = new CopyOnWriteArrayList<>();
        private final String name;
        private final String script;

        Member(String name, String script) {
            this.name = name;
            this.script = script;
        }

        Run start() throws IOException {
            Path readyFile = folder.resolve(name);
            var run = ChildProcess.start(
                    name,
                    List.of("sh", "-c", script, readyFile.toString()),
                    Map.of(),
                    readyFile,
                    Duration.ofSeconds(5));
            runs.add(run);
            return run;
        }

        void awaitRun(int number) {
            Await.until(
                    name + " is ready",
                    () -> runs.size() >= number && runs.get(number - 1).isReady());
        }
    }

    @Test
    void startsEachOfSeveralMembersAgainThatAreKilledAtTheSameMoment() throws Exception {
        List<Member> members = List.of(new Member("one", STAYS), new Member("two", STAYS), new Member("three", STAYS));
        for (Member member : members) {
            keep(member).awaitReady();
        }
        keepers.forEach(Keeper::keep);
        List<String> kill = new ArrayList<>(List.of("kill", "-KILL"));
        members.forEach(member -> kill.add(Long.toString(member.runs.getFirst().pid())));

        assertThat(new ProcessBuilder(kill).start().waitFor()).isZero();

        members.forEach(member -> member.awaitRun(2));
        lifetime.end(ExitCode.STOPPED, "enough");
        keepers.forEach(Keeper::stop);
        assertThat(members)
                .allSatisfy(member -> assertThat(member.runs)
                        .hasSize(2)
                        .noneMatch(ChildProcess::isAlive)
                        .last()
                        .returns(128 + 15, ChildProcess::awaitEnd));
    }

    @Test
    void waitsLongerEachTimeWhenAMemberDoesNotStay() throws Exception {
        var member = new Member("member", "exit 3");
        keep(member).keep();
        Await.until("it was started again", () -> member.runs.size() == 2);
        long secondNs = System.nanoTime();

        Await.until("it was started a third time", () -> member.runs.size() == 3);

        assertThat(Duration.ofNanos(System.nanoTime() - secondNs)).isGreaterThan(Duration.ofMillis(900));
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5})
    void doesNotStartAMemberAgainThatHasEndedForGood(int status) throws Exception {
        var member = new Member("member", "exit " + status);
        Keeper keeper = keep(member);
        assertThat(member.runs.getFirst().awaitEnd()).isEqualTo(status);
        keeper.keep();

        keeper.stop(); // returns when the keeper has nothing left to do

        assertThat(member.runs).hasSize(1);
    }

    @Test
    void triesAgainWhenAStartFails() throws Exception {
        var member = new Member("member", "exit 1");
        List<String> starts = new CopyOnWriteArrayList<>();
        keep("member", () -> {
            starts.add("start");
            if (starts.size() == 2) {
                throw new StartFailure("This time it cannot be started.");
            }
            return member.start();
        });
        keepers.getFirst().keep();

        Await.until("it is started again", () -> member.runs.size() == 2);
    }

    @Test
    void saysWithWhichExitCodeAMemberFailsToStart() throws Exception {
        Keeper keeper = keep(new Member("member", "exit 3"));

        assertThatThrownBy(keeper::awaitReady)
                .isInstanceOfSatisfying(
                        StartFailure.class,
                        failure -> assertThat(failure.code()).isEqualTo(ExitCode.LOG_FAULT))
                .hasMessage("member has not started (exit code 3); the line above says why");
    }

    @Test
    void waitsNoLongerForAMemberWhenEverythingStops() throws Exception {
        Keeper keeper = keep(new Member("member", "exec sleep 600"));
        lifetime.end(ExitCode.STOPPED, "Ctrl-C");

        keeper.awaitReady();
        keeper.stop();
    }

    @Test
    void doesNotStartAMemberAgainWhenEverythingStops() throws Exception {
        var member = new Member("member", "exit 1");
        Keeper keeper = keep(member);
        keeper.keep();
        Await.until(
                "the second start has failed, too",
                () -> member.runs.size() == 2 && !member.runs.getLast().isAlive());

        lifetime.end(ExitCode.STOPPED, "Ctrl-C");
        keeper.stop();

        assertThat(member.runs).hasSize(2);
    }

    /// As when ingest runs already, and another member cannot be started.
    @Test
    void doesNotStartAMemberAgainThatIsStoppedAlone() throws Exception {
        var member = new Member("member", STAYS);
        Keeper keeper = keep(member);
        keeper.awaitReady();
        keeper.keep();

        keeper.stop();

        assertThat(member.runs).hasSize(1);
        assertThat(member.runs.getFirst().isAlive()).isFalse();
    }

    private Keeper keep(Member member) throws Exception {
        return keep(member.name, member::start);
    }

    private Keeper keep(String name, Callable<Run> starter) throws Exception {
        Keeper keeper = new Keeper(name, starter, lifetime);
        keepers.add(keeper);
        return keeper;
    }
}
