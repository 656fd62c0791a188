package clickcounter.shared.admin;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.http.HttpSettings;
import java.time.Duration;

/// Where the [AdminServer] of a process listens.
///
/// @param address the address to listen on
/// @param port the TCP port; 0 lets the system choose one
/// @param portSetting the setting that a message names if the port is in use
public record AdminSettings(String address, int port, Setting portSetting) {
    private static final int MAX_CONNECTIONS = 64;

    /// The step from one process to the next of its kind; the ports in between belong to other kinds.
    private static final int PORT_STEP = 10;

    /// Reads `ADMIN_ADDRESS` and the process's own port setting.
    public static AdminSettings read(SettingsReader settings, Setting portSetting) {
        return new AdminSettings(
                settings.text(Setting.ADMIN_ADDRESS).orElseThrow(), settings.port(portSetting), portSetting);
    }

    /// Returns the settings of one of several processes. Each has a port 10 higher than the last, unless it is 0.
    ///
    /// @param number from 1 on
    public AdminSettings ofProcess(int number) {
        return new AdminSettings(address, port == 0 ? 0 : port + PORT_STEP * (number - 1), portSetting);
    }

    public static AdminSettings anyPort() {
        return new AdminSettings("127.0.0.1", 0, Setting.ADMIN_ADDRESS);
    }

    HttpSettings http() {
        return new HttpSettings(
                address,
                port,
                portSetting,
                MAX_CONNECTIONS,
                Duration.ZERO,
                0,
                Duration.ofSeconds(1),
                Duration.ZERO,
                false,
                null);
    }
}
