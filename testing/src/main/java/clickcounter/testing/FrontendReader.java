package clickcounter.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Splits what a client sends to PostgreSQL into messages, and recognises the message that makes the server
/// commit.
///
/// In the extended protocol, that is not the message with the word `COMMIT`: the client names a statement with
/// Parse and a portal of it with Bind, and runs the portal with Execute. A statement that is run often is parsed
/// only once. Therefore the names of statements and portals are remembered (PostgreSQL, Frontend/Backend
/// Protocol, Message Formats).
///
/// **Threads**: one.
final class FrontendReader {
    /// The codes of requests that come before the start-up message, and that the server answers with one byte.
    private static final Set<Integer> SSL_AND_GSS_REQUEST = Set.of(80_877_103, 80_877_104);

    private final DataInputStream in;
    private final Set<String> commitStatements = new HashSet<>();
    private final Set<String> commitPortals = new HashSet<>();
    private boolean hasStarted;

    /// One message of the client.
    ///
    /// @param bytes as they were received, to be passed on
    /// @param commits whether this message makes the server commit
    /// @param isAnswered whether the server answers this message, with all before it, at once
    @SuppressWarnings("ArrayRecordComponent") // made for one reader, which passes it on
    record Message(byte[] bytes, boolean commits, boolean isAnswered) {}

    FrontendReader(InputStream in) {
        this.in = new DataInputStream(in);
    }

    /// The next message; null at the end.
    @Nullable
    Message next() throws IOException {
        try {
            // Only the messages before and at the start-up have no type.
            byte[] type = hasStarted ? new byte[] {in.readByte()} : new byte[0];
            int length = in.readInt();
            ByteBuffer message =
                    ByteBuffer.allocate(type.length + length).put(type).putInt(length);
            in.readFully(message.array(), message.position(), message.remaining());
            return hasStarted ? typed(message.array()) : startUp(message.array());
        } catch (EOFException end) {
            return null;
        }
    }

    private Message startUp(byte[] bytes) {
        hasStarted = !SSL_AND_GSS_REQUEST.contains(ByteBuffer.wrap(bytes).getInt(Integer.BYTES));
        return new Message(bytes, false, true);
    }

    private Message typed(byte[] bytes) {
        ByteBuffer message = ByteBuffer.wrap(bytes).position(1 + Integer.BYTES);
        boolean commits = false;
        switch (bytes[0]) {
            case 'P' -> note(commitStatements, text(message), isCommit(text(message)));
            case 'B' -> note(commitPortals, text(message), commitStatements.contains(text(message)));
            case 'E' -> commits = commitPortals.contains(text(message));
            case 'Q' -> commits = isCommit(text(message));
            default -> {} // cannot make the server commit
        }
        return new Message(bytes, commits, bytes[0] == 'Q' || bytes[0] == 'S');
    }

    /// Remembers whether a name stands for a commit. Names are used again, above all the empty name.
    private static void note(Set<String> commits, String name, boolean isCommit) {
        if (isCommit) {
            commits.add(name);
        } else {
            commits.remove(name);
        }
    }

    private static boolean isCommit(String sql) {
        return sql.strip().equalsIgnoreCase("commit");
    }

    /// Reads text up to a zero byte.
    private static String text(ByteBuffer message) {
        var text = new ByteArrayOutputStream();
        for (byte next = message.get(); next != 0; next = message.get()) {
            text.write(next);
        }
        return text.toString(UTF_8);
    }
}
