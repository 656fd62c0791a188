package clickcounter.migrations;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MigrationsTest {
    private final Migrations migrations = Migrations.in(Migrations.FOLDER);

    @Test
    void areNumberedWithoutGaps() {
        assertThat(migrations.scripts().keySet())
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, migrations.newest()).boxed().toList());
    }

    @Test
    void canAllBeTakenBack() {
        migrations
                .scripts()
                .forEach((version, script) ->
                        assertThat(migrations.undoScripts()).containsEntry(version, script.replaceFirst("^V", "U")));
    }

    @Test
    void haveReadableNames() {
        assertThat(migrations.description(1)).isEqualTo("count clicks per minute");
    }
}
