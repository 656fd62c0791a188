package clickcounter.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.migrations.DatabaseUrl.Host;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseUrlTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            postgres://user:secret@db.example.com:6543/clicks   | db.example.com:6543/clicks              | user
            postgresql://user@db.example.com/clicks             | db.example.com:5432/clicks              | user
            postgres://user@db.example.com                      | db.example.com:5432/user                | user
            postgres://user@db.example.com/                     | db.example.com:5432/user                | user
            postgres://user@/clicks                             | localhost:5432/clicks                   | user
            postgres://user@db.example.com:/clicks              | db.example.com:5432/clicks              | user
            postgres://user@[::1]/clicks                        | [::1]:5432/clicks                       | user
            postgres://user@[fe80::1]:6543/clicks               | [fe80::1]:6543/clicks                   | user
            postgres://user@one,two:6543,[::3]:7/clicks         | one:5432,two:6543,[::3]:7/clicks        | user
            postgres://a%40b:secret@db/my%20clicks              | db:5432/my clicks                       | a@b
            postgres://db/clicks?user=user&password=secret      | db:5432/clicks                          | user
            postgres:///?host=db&port=6543&dbname=clicks&user=u | db:6543/clicks                          | u
            jdbc:postgresql://db:6543/clicks?user=user          | db:6543/clicks                          | user
            jdbc:postgresql://one,two:6543/clicks?user=user     | one:5432,two:6543/clicks                | user
            """)
    void understandsTheUsualForms(String text, String place, String user) {
        DatabaseUrl url = DatabaseUrl.parse(text);

        assertThat(url).hasToString(place);
        assertThat(url.user()).isEqualTo(user);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', ignoreLeadingAndTrailingWhitespace = true, textBlock = """
            postgres://user:p%40ss%2Fw%3Fo%25rd@db/clicks         | p@ss/w?o%rd
            postgres://user:a:b@db/clicks                         | a:b
            postgres://user:a+b@db/clicks                         | a+b
            postgres://user:what?ever#&=^{}@db/clicks             | what?ever#&=^{}
            postgres://user:gr%C3%BC%C3%9Fe@db/clicks             | grüße
            postgres://user:grüße@db/clicks                       | grüße
            jdbc:postgresql://db/clicks?user=user&password=a%26@b | a&@b
            """)
    void takesAnyPassword(String text, String password) {
        assertThat(DatabaseUrl.parse(text).password()).contains(password);
    }

    @Test
    void logsInAsTheSystemsUserWhenItNamesNone() {
        DatabaseUrl url = DatabaseUrl.parse("postgres://db");

        assertThat(url.user()).isEqualTo(System.getProperty("user.name"));
        assertThat(url.password()).isEmpty();
        assertThat(url.database()).isEqualTo(url.user());
    }

    @ParameterizedTest
    @CsvSource({
        "sslmode=verify-full, sslmode, verify-full",
        "sslrootcert=/etc/ssl/ca.pem, sslrootcert, /etc/ssl/ca.pem",
        "sslrootcert=system, sslfactory, org.postgresql.ssl.DefaultJavaSSLFactory",
        "sslrootcert=system, sslmode, verify-full",
        "sslcert=client.crt, sslcert, client.crt",
        "sslkey=client.pk8, sslkey, client.pk8",
        "sslpassword=open, sslpassword, open",
        "sslnegotiation=direct, sslNegotiation, direct",
        "channel_binding=require, channelBinding, require",
        "gssencmode=disable, gssEncMode, disable",
        "application_name=mine, ApplicationName, mine",
        "connect_timeout=3, connectTimeout, 3",
        "connect_timeout=3, loginTimeout, 3",
        "keepalives=0, tcpKeepAlive, false",
        "load_balance_hosts=random, loadBalanceHosts, true",
        "options=-c%20work_mem%3D64MB, options, -c work_mem=64MB",
        "target_session_attrs=any, targetServerType, any",
        "target_session_attrs=read-write, targetServerType, primary",
        "target_session_attrs=primary, targetServerType, primary",
        "target_session_attrs=read-only, targetServerType, secondary",
        "target_session_attrs=standby, targetServerType, secondary",
        "target_session_attrs=prefer-standby, targetServerType, preferSecondary",
    })
    void translatesTheParametersOfLibpq(String parameter, String property, String value) {
        assertThat(DatabaseUrl.parse("postgres://user@db/clicks?" + parameter).properties())
                .containsEntry(property, value);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            mysql://user:s3cret@db/clicks             | must begin with postgres://, postgresql:// or jdbc:postgresql://
            s3cret                                    | must begin with postgres://, postgresql:// or jdbc:postgresql://
            postgres://user:s3c@ret@db/clicks         | has more than one @: write one that belongs to the user, the password
            postgres://user:s3c/ret@db/clicks         | has a / before the @: write one that belongs to the user or the
            postgres://user:s3c%zzret@db/clicks       | has a % in the password that no two hexadecimal digits follow
            postgres://user:s3cret%4@db/clicks        | has a % in the password that no two hexadecimal digits follow
            postgres://user:s3cret%FF@db/clicks       | has bytes in the password that are not UTF-8
            postgres://user:s3cret                    | has a port that is not a number from 1 to 65535
            postgres://user:s3cret/clicks             | has a port that is not a number from 1 to 65535
            postgres://user:s3cret@db:0/clicks        | has a port that is not a number from 1 to 65535
            postgres://user:s3cret@db:65536/clicks    | has a port that is not a number from 1 to 65535
            postgres://user:s3cret@[::1/clicks        | has a host that is neither a name, nor an IPv4 address, nor
            postgres://user:s3cret@::1/clicks         | has a port that is not a number from 1 to 65535
            postgres://user:s3cret@%2Ftmp/clicks      | names a Unix socket as the host; only TCP is supported
            postgres://user:s3cret@db/?host=/tmp      | names a Unix socket as the host; only TCP is supported
            postgres://user:s3cret@db/x?sslmode=yes   | has sslmode=yes, which is not one of disable, allow, prefer, require
            postgres://user:s3cret@db/x?sslmode       | has a parameter that is not written as name=value
            postgres://user:s3cret@db/x?ssl=true      | has the parameter ssl, which is unknown or not supported here
            postgres://user:s3cret@db/x?passfile=a    | has the parameter passfile, which is unknown or not supported here
            postgres://user:s3cret@db/x?keepalives=on | has keepalives=on, which is not one of 0, 1
            postgres://u:s3cret@db/x?connect_timeout=soon | has connect_timeout=soon, which is not a number of seconds
            postgres://u:s3cret@db/x?target_session_attrs=master | has target_session_attrs=master, which is not one of any,
            jdbc:postgresql://user:s3cret@db/clicks   | has a user before the host; with jdbc: write it as ?user=
            jdbc:postgresql://db/clicks?password=s3cret&sslMode=require | has the parameter sslMode, which the PostgreSQL JDBC
            jdbc:postgresql://db/clicks?password=s3cret&sslmode=yes | has sslmode=yes, which is not one of disable, allow,
            """)
    void saysWhatIsWrongWithoutThePassword(String text, String message) {
        assertThatThrownBy(() -> DatabaseUrl.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message)
                .message()
                .doesNotContain("s3c", "ret@");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"postgres://user:secret@db/clicks", "jdbc:postgresql://db/clicks?user=user&password=secret"})
    void keepsThePasswordToItself(String text) {
        DatabaseUrl url = DatabaseUrl.parse(text);

        assertThat(url.toString()).doesNotContain("secret");
        assertThat(url.dataSource("test", Duration.ofSeconds(30)).toString()).doesNotContain("secret");
    }

    @Test
    void handsEverythingToTheDriver() throws Exception {
        var url = new DatabaseUrl(
                List.of(new Host("::1", 7), new Host("db", 8)),
                "my clicks",
                "us@er",
                Optional.of("p&w"),
                Map.of("sslmode", "require", "ApplicationName", "from the URL"));

        var dataSource = url.dataSource("from the process", Duration.ofSeconds(35));

        assertThat(dataSource.getUrl())
                .startsWith("jdbc:postgresql://[::1]:7,db:8/my+clicks?")
                .contains("socketTimeout=35")
                .contains("tcpKeepAlive=true");
        assertThat(dataSource.getUser()).isEqualTo("us@er");
        assertThat(dataSource.getPassword()).isEqualTo("p&w");
        assertThat(dataSource.getSslmode()).isEqualTo("require");
        assertThat(dataSource.getApplicationName()).isEqualTo("from the URL");
    }
}
