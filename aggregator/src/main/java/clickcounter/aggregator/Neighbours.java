package clickcounter.aggregator;

import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Tells whether an address belongs to this machine, whose containers all have the same clock.
final class Neighbours {
    private static final Path DEVICES = Path.of("/sys/class/net");

    private Neighbours() {}

    /// Whether a server with this address is certainly on another machine. It is not if the address is one of
    /// this machine, or in the network of an interface without hardware: there the containers of one machine
    /// talk to each other. The address is one that the server itself has given, so no name is looked up.
    ///
    /// @param address null if the server is not reached over a network
    static boolean isOnAnotherMachine(@Nullable String address) {
        if (address == null) {
            return false;
        }
        try {
            InetAddress server = InetAddress.ofLiteral(address);
            return !server.isLoopbackAddress()
                    && NetworkInterface.networkInterfaces().noneMatch(own -> isBehind(own, server));
        } catch (SocketException | IllegalArgumentException unknown) {
            return false;
        }
    }

    private static boolean isBehind(NetworkInterface own, InetAddress server) {
        boolean isHardware = Files.exists(DEVICES.resolve(own.getName()).resolve("device"));
        return own.getInterfaceAddresses().stream()
                .anyMatch(address ->
                        address.getAddress().equals(server) || (!isHardware && isSameNetwork(address, server)));
    }

    private static boolean isSameNetwork(InterfaceAddress own, InetAddress server) {
        byte[] ownBytes = own.getAddress().getAddress();
        byte[] bytes = server.getAddress();
        if (bytes.length != ownBytes.length) {
            return false;
        }
        for (int bit = 0; bit < own.getNetworkPrefixLength(); bit++) {
            int mask = 1 << (Byte.SIZE - 1 - bit % Byte.SIZE);
            if (((bytes[bit / Byte.SIZE] ^ ownBytes[bit / Byte.SIZE]) & mask) != 0) {
                return false;
            }
        }
        return true;
    }
}
