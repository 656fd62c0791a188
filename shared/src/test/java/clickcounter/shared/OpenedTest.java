package clickcounter.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpenedTest {
    private final Opened opened = new Opened();
    private final List<String> closed = new ArrayList<>();

    @Test
    void closesInReverseOrderAndOnlyOnce() {
        AutoCloseable first = () -> closed.add("first");
        assertThat(opened.add(first)).isSameAs(first);
        opened.onClose(() -> closed.add("second"));

        opened.close();
        opened.close();

        assertThat(closed).containsExactly("second", "first");
    }

    @Test
    void closesEveryOneAndThrowsTheFirstFailure() {
        opened.onClose(() -> closed.add("first"));
        opened.onClose(() -> {
            throw new AssertionError("second");
        });
        opened.onClose(() -> closed.add("third"));
        opened.onClose(() -> {
            throw new IllegalStateException("fourth");
        });

        assertThatThrownBy(opened::close)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("fourth")
                .hasSuppressedException(new AssertionError("second"));
        assertThat(closed).containsExactly("third", "first");
    }

    @Test
    void wrapsACheckedException() {
        opened.onClose(() -> {
            throw new IOException("disk");
        });

        assertThatThrownBy(opened::close)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Closing failed: java.io.IOException: disk")
                .hasCauseInstanceOf(IOException.class);
    }

    @Test
    void keepsTheFailureThatIsTheReasonToClose() {
        opened.onClose(() -> closed.add("first"));
        opened.onClose(() -> {
            throw new IOException("second");
        });
        var failure = new IllegalStateException("the reason");

        opened.closeAfter(failure);

        assertThat(failure).hasSuppressedException(new IOException("second"));
        assertThat(closed).containsExactly("first");
    }
}
