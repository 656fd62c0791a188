package clickcounter.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class TestDatabaseTest {
    @Test
    void isFreshEachTime() {
        try (var first = TestDatabase.create();
                var second = TestDatabase.create()) {
            first.execute("create table only_here (id int)");
            assertThat(second.number("select count(to_regclass('only_here'))")).isZero();
            assertThat(first.url()).startsWith("postgres://").isNotEqualTo(second.url());
        }
    }

    @Test
    void isDroppedOnCloseWhoeverIsConnected() throws SQLException {
        var database = TestDatabase.create();
        try (Connection connection = database.connect()) {
            database.close();
            assertThat(connection.isValid(5)).isFalse();
        }
        assertThatThrownBy(database::connect).hasMessageContaining("does not exist");
    }
}
