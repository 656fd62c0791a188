package clickcounter.shared.admin;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.http.HttpSettings;
import java.time.Duration;

/// Where a process answers its operators.
///
/// @param address the address to listen on
/// @param port the TCP port; 0 lets the system choose one
/// @param portSetting the setting to name when the port is taken
public record AdminSettings(String address, int port, Setting portSetting) {
    private static final int MAX_CONNECTIONS = 64;

    /// The ports in between are those of other processes.
    private static final int PORT_STEP = 10;

    /// From `ADMIN_ADDRESS` and the process's own port setting.
    public static AdminSettings read(SettingsReader settings, Setting portSetting) {
        return new AdminSettings(
                settings.text(Setting.ADMIN_ADDRESS).orElseThrow(), settings.port(portSetting), portSetting);
    }

    /// The same for one of several processes: the second one's port is 10 higher, and so on, unless it is 0.
    ///
    /// @param number from 1 on
    public AdminSettings ofProcess(int number) {
        return new AdminSettings(address, port == 0 ? 0 : port + PORT_STEP * (number - 1), portSetting);
    }

    /// Any free port of the loopback interface.
    public static AdminSettings anyPort() {
        return new AdminSettings("127.0.0.1", 0, Setting.ADMIN_ADDRESS);
    }

    HttpSettings http() {
        return new HttpSettings(
                address, port, portSetting, MAX_CONNECTIONS, 0, Duration.ofSeconds(1), Duration.ZERO, false, null);
    }
}
