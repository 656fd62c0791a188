package clickcounter.endtoend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;

/// Many connections that do nothing by themselves. No method waits for the server to read or to answer.
///
/// **Threads**: one.
final class Crowd implements AutoCloseable {
    private static final int MAX_CONNECT_MS = 10_000;

    /// Small, so that a client that does not read fills the server's buffers, not its own.
    private static final int RECEIVE_BYTES = 16 << 10;

    private static final String STATUS_LINE = "HTTP/1.1 ";

    private final int port;
    private final List<Member> members = new ArrayList<>();
    private final Map<Integer, Integer> answers = new TreeMap<>();
    private final ByteBuffer in = ByteBuffer.allocate(64 << 10);

    private static final class Member {
        private final SocketChannel channel;
        private ByteBuffer unsent = ByteBuffer.allocate(0);
        private final StringBuilder line = new StringBuilder();
        private boolean hasEnded;

        Member(SocketChannel channel) {
            this.channel = channel;
        }
    }

    Crowd(int port) {
        this.port = port;
    }

    /// Opens more connections; those that the server refuses are left out.
    Crowd connect(int count) throws IOException {
        for (int connection = 0; connection < count; connection++) {
            var channel = SocketChannel.open();
            try {
                channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BYTES);
                channel.socket().connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), MAX_CONNECT_MS);
                channel.configureBlocking(false);
                members.add(new Member(channel));
            } catch (IOException refused) {
                channel.close();
            }
        }
        return this;
    }

    /// Sends a text on each connection, or as much of it as the connection takes; the rest is sent first at
    /// the next call. Returns how many connections have taken anything.
    int send(String text) {
        return send(_ -> text);
    }

    /// Sends a text of its own on each connection, numbered from 0.
    int send(IntFunction<String> text) {
        int taken = 0;
        for (int number = 0; number < members.size(); number++) {
            Member member = members.get(number);
            if (!member.unsent.hasRemaining()) {
                member.unsent = ByteBuffer.wrap(text.apply(number).getBytes(ISO_8859_1));
            }
            try {
                if (!member.hasEnded && member.channel.write(member.unsent) > 0) {
                    taken++;
                }
            } catch (IOException closed) {
                member.hasEnded = true;
            }
        }
        return taken;
    }

    /// Says on each connection that nothing more is sent.
    void endOutput() throws IOException {
        for (Member member : members) {
            member.channel.shutdownOutput();
        }
    }

    /// Reads at most so many bytes from each connection.
    void read(int maxBytes) {
        for (Member member : members) {
            in.clear().limit(Math.min(maxBytes, in.capacity()));
            try {
                member.hasEnded |= member.channel.read(in) < 0;
            } catch (IOException closed) {
                member.hasEnded = true;
            }
            in.flip();
            while (in.hasRemaining()) {
                note(member, (char) (in.get() & 0xFF));
            }
        }
    }

    /// Only the first bytes of a line tell whether it is that of a status.
    private void note(Member member, char character) {
        StringBuilder line = member.line;
        if (character == '\n') {
            line.setLength(0);
        } else if (line.length() < STATUS_LINE.length() + 3) {
            line.append(character);
            if (line.length() == STATUS_LINE.length() + 3 && line.indexOf(STATUS_LINE) == 0) {
                answers.merge(Integer.valueOf(line.substring(STATUS_LINE.length())), 1, Integer::sum);
            }
        }
    }

    /// Reads what has arrived; returns how often each status was answered until now.
    Map<Integer, Integer> answers() {
        read(in.capacity());
        return answers;
    }

    /// Reads what has arrived; returns how many answers there were until now.
    int answerCount() {
        return answers().values().stream().mapToInt(Integer::intValue).sum();
    }

    /// Reads what has arrived; returns how many connections the server has not closed.
    int openCount() {
        read(in.capacity());
        return (int) members.stream().filter(member -> !member.hasEnded).count();
    }

    /// Ends all connections at once, as a program does that crashes: the server's next read or write fails.
    void reset() throws IOException {
        for (Member member : members) {
            member.channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        }
        close();
    }

    @Override
    public void close() throws IOException {
        for (Member member : members) {
            member.channel.close();
        }
        members.clear();
    }
}
