package clickcounter.migrations;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/// Where the database is and how to log in: the parsed `DATABASE_URL`.
///
/// It understands `postgres://` and `postgresql://` with the parameters of libpq, as `psql` takes them, and
/// `jdbc:postgresql://` with the parameters of the JDBC driver. The password is in no message and not in
/// [#toString()].
///
/// `properties` are those of the JDBC driver. `password` is empty when the server needs none.
public record DatabaseUrl(
        List<Host> hosts, String database, String user, Optional<String> password, Map<String, String> properties) {
    /// How long a TCP connection may take: long enough for a server in another data centre, short enough to
    /// notice a wrong address.
    static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    /// How long it may take to connect and log in. A process that has just started needs seconds for it on a busy
    /// machine.
    private static final Duration LOGIN_TIMEOUT = Duration.ofSeconds(30);

    private static final int DEFAULT_PORT = 5432;
    private static final int MAX_PORT = 65_535;
    private static final String JDBC_SCHEME = "jdbc:postgresql://";
    private static final Pattern SCHEME = Pattern.compile("postgres://|postgresql://|" + JDBC_SCHEME);
    private static final Pattern HOST = Pattern.compile("(?:\\[([0-9A-Fa-f:.]+)]|([^:\\[\\]]*))(?::(.*))?");

    /// The TLS modes of libpq, which are also the driver's.
    private static final String[] SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};

    /// One server. `name` is a host name or an address, an IPv6 address without brackets.
    public record Host(String name, int port) {
        @Override
        public String toString() {
            return literal() + ":" + port;
        }

        private String literal() {
            return name.indexOf(':') >= 0 ? "[" + name + "]" : name;
        }
    }

    /// Copies what it is given.
    public DatabaseUrl {
        hosts = List.copyOf(hosts);
        properties = Map.copyOf(properties);
    }

    /// **Errors**: [IllegalArgumentException] whose message says which part is wrong, as the end of a sentence
    /// that begins with the name of the setting.
    public static DatabaseUrl parse(String text) {
        return new Parser(text).parse();
    }

    /// A source that opens a new connection each time, to the first host that answers.
    ///
    /// @param applicationName what `pg_stat_activity` shows, unless the URL says otherwise
    /// @param silence how long the server may be silent before the connection is given up; zero is for ever
    public PGSimpleDataSource dataSource(String applicationName, Duration silence) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(hosts.stream().map(Host::literal).toArray(String[]::new));
        dataSource.setPortNumbers(hosts.stream().mapToInt(Host::port).toArray());
        dataSource.setDatabaseName(database);
        dataSource.setUser(user);
        password.ifPresent(dataSource::setPassword);
        dataSource.setApplicationName(applicationName);
        dataSource.setConnectTimeout(Math.toIntExact(CONNECT_TIMEOUT.toSeconds()));
        dataSource.setLoginTimeout(Math.toIntExact(LOGIN_TIMEOUT.toSeconds()));
        dataSource.setSocketTimeout(Math.toIntExact(silence.toSeconds()));
        dataSource.setTcpKeepAlive(true);
        properties.forEach((name, value) -> set(dataSource, name, value));
        return dataSource;
    }

    private static void set(PGSimpleDataSource dataSource, String name, String value) {
        try {
            dataSource.setProperty(name, value);
        } catch (SQLException impossible) {
            throw new AssertionError(name + " was checked when the URL was parsed", impossible);
        }
    }

    /// Returns the servers and the database without the user and the password: `db.example.com:5432/clicks`.
    @Override
    public String toString() {
        return hosts.stream().map(Host::toString).collect(Collectors.joining(",")) + "/" + database;
    }

    /// Parses a URL from left to right. `java.net.URI` would refuse several hosts and most passwords.
    private static final class Parser {
        private final String text;
        private final boolean jdbc;
        private List<Host> hosts = List.of();
        private String database = "";
        private String user = "";
        private @Nullable String password;
        private final Map<String, String> properties = new LinkedHashMap<>();

        Parser(String text) {
            this.text = text;
            this.jdbc = text.startsWith(JDBC_SCHEME);
        }

        DatabaseUrl parse() {
            Matcher scheme = SCHEME.matcher(text);
            if (!scheme.lookingAt()) {
                throw new IllegalArgumentException(
                        "must begin with postgres://, postgresql:// or jdbc:postgresql://, as in"
                                + " postgres://user:password@host:5432/database");
            }
            String rest = text.substring(scheme.end());
            if (!jdbc) {
                rest = takeUserAndPassword(rest);
            }
            int query = rest.indexOf('?');
            String place = query < 0 ? rest : rest.substring(0, query);
            if (place.indexOf('@') >= 0) {
                throw new IllegalArgumentException(
                        "has a user before the host; with jdbc: write it as ?user=…&password=… instead");
            }
            int slash = place.indexOf('/');
            String[] hostList = (slash < 0 ? place : place.substring(0, slash)).split(",", -1);
            hosts = Arrays.stream(hostList).map(Parser::host).toList();
            database = slash < 0 ? "" : decode("database", place.substring(slash + 1));
            if (query >= 0) {
                takeParameters(rest.substring(query + 1));
            }
            if (user.isEmpty()) {
                user = System.getProperty("user.name");
            }
            return new DatabaseUrl(
                    hosts, database.isEmpty() ? user : database, user, Optional.ofNullable(password), properties);
        }

        private String takeUserAndPassword(String rest) {
            int at = rest.indexOf('@');
            if (at != rest.lastIndexOf('@')) {
                throw new IllegalArgumentException("has more than one @: write one that belongs to the user, the"
                        + " password or a parameter as %40");
            }
            if (at < 0) {
                return rest;
            }
            int slash = rest.indexOf('/');
            if (slash >= 0 && slash < at) {
                throw new IllegalArgumentException("has a / before the @: write one that belongs to the user or the"
                        + " password as %2F, and an @ that belongs to what follows the host as %40");
            }
            int colon = rest.substring(0, at).indexOf(':');
            user = decode("user", rest.substring(0, colon < 0 ? at : colon));
            if (colon >= 0) {
                password = decode("password", rest.substring(colon + 1, at));
            }
            return rest.substring(at + 1);
        }

        /// Parses a port. Messages do not repeat it, because it is the password in `postgres://user:password`,
        /// where the host was forgotten.
        private static Host host(String text) {
            Matcher matcher = HOST.matcher(text);
            if (!matcher.matches()) {
                throw new IllegalArgumentException(
                        "has a host that is neither a name, nor an IPv4 address, nor an IPv6 address in brackets");
            }
            String name = matcher.group(1) != null ? matcher.group(1) : decode("host", matcher.group(2));
            if (name.startsWith("/")) {
                throw new IllegalArgumentException(
                        "names a Unix socket as the host; only TCP is supported, for example localhost");
            }
            return new Host(name.isEmpty() ? "localhost" : name, port(matcher.group(3)));
        }

        private static int port(@Nullable String text) {
            if (text == null || text.isEmpty()) {
                return DEFAULT_PORT;
            }
            try {
                int port = Integer.parseInt(text);
                if (port >= 1 && port <= MAX_PORT) {
                    return port;
                }
            } catch (NumberFormatException notANumber) {
                // Reported below, like a number out of range.
            }
            throw new IllegalArgumentException("has a port that is not a number from 1 to 65535 (not shown: where"
                    + " @host is missing it is the password)");
        }

        private void takeParameters(String query) {
            for (String parameter : query.split("&", -1)) {
                if (parameter.isEmpty()) {
                    continue;
                }
                int equals = parameter.indexOf('=');
                if (equals <= 0) {
                    throw new IllegalArgumentException("has a parameter that is not written as name=value");
                }
                String name = decode("parameter", parameter.substring(0, equals));
                String value = decode("parameter " + name, parameter.substring(equals + 1));
                takeParameter(name, value);
            }
        }

        private void takeParameter(String name, String value) {
            switch (name) {
                case "user" -> user = value;
                case "password" -> password = value;
                case "sslmode" -> properties.put(name, oneOf(name, value, SSL_MODES));
                default -> {
                    if (!jdbc) {
                        takeLibpqParameter(name, value);
                        return;
                    }
                    if (PGProperty.forName(name) == null) {
                        throw new IllegalArgumentException(
                                "has the parameter %s, which the PostgreSQL JDBC driver does not know".formatted(name));
                    }
                    properties.put(name, value);
                }
            }
        }

        /// Translates a parameter of libpq into properties of the driver.
        private void takeLibpqParameter(String name, String value) {
            switch (name) {
                case "dbname" -> database = value;
                case "host" ->
                    hosts = Arrays.stream(value.split(",", -1))
                            .map(host -> host(host.indexOf(':') >= 0 ? "[" + host + "]" : host))
                            .toList();
                case "port" -> {
                    int port = port(value);
                    hosts = hosts.stream()
                            .map(host -> new Host(host.name(), port))
                            .toList();
                }
                case "application_name" -> properties.put("ApplicationName", value);
                case "channel_binding" ->
                    properties.put("channelBinding", oneOf(name, value, "disable", "prefer", "require"));
                case "connect_timeout" -> {
                    if (!value.matches("\\d{1,6}")) {
                        throw new IllegalArgumentException(
                                "has %s=%s, which is not a number of seconds".formatted(name, value));
                    }
                    properties.put("connectTimeout", value);
                    properties.put("loginTimeout", value);
                }
                case "gssencmode" -> properties.put("gssEncMode", oneOf(name, value, "disable", "prefer", "require"));
                case "keepalives" -> properties.put("tcpKeepAlive", isSecond(name, value, "0", "1"));
                case "load_balance_hosts" ->
                    properties.put("loadBalanceHosts", isSecond(name, value, "disable", "random"));
                case "options", "sslcert", "sslkey", "sslpassword" -> properties.put(name, value);
                case "sslnegotiation" -> properties.put("sslNegotiation", oneOf(name, value, "postgres", "direct"));
                case "sslrootcert" -> {
                    if (value.equals("system")) { // the certificates that the Java installation trusts
                        properties.put("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
                        properties.putIfAbsent("sslmode", "verify-full");
                    } else {
                        properties.put(name, value);
                    }
                }
                case "target_session_attrs" -> properties.put("targetServerType", targetServerType(name, value));
                default ->
                    throw new IllegalArgumentException(
                            "has the parameter %s, which is unknown or not supported here".formatted(name));
            }
        }

        private static String targetServerType(String name, String value) {
            return switch (oneOf(
                    name, value, "any", "read-write", "read-only", "primary", "standby", "prefer-standby")) {
                case "read-write", "primary" -> "primary";
                case "read-only", "standby" -> "secondary";
                case "prefer-standby" -> "preferSecondary";
                default -> "any";
            };
        }

        private static String oneOf(String name, String value, String... words) {
            if (Arrays.asList(words).contains(value)) {
                return value;
            }
            throw new IllegalArgumentException(
                    "has %s=%s, which is not one of %s".formatted(name, value, String.join(", ", words)));
        }

        /// Returns `false` for the first word and `true` for the second.
        private static String isSecond(String name, String value, String first, String second) {
            return Boolean.toString(oneOf(name, value, first, second).equals(second));
        }

        /// Decodes `%41` and the like. A plus sign is a plus sign, as in libpq.
        private static String decode(String part, String text) {
            String decoded;
            try {
                decoded = URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException quotesThePassword) {
                throw new IllegalArgumentException(
                        "has a %% in the %s that no two hexadecimal digits follow: write a %% itself as %%25"
                                .formatted(part));
            }
            // Stands for what is not UTF-8.
            if (decoded.indexOf('\uFFFD') >= 0) {
                throw new IllegalArgumentException("has bytes in the %s that are not UTF-8".formatted(part));
            }
            return decoded;
        }
    }
}
