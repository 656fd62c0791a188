package clickcounter.shared;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.spi.FilterReply;
import java.io.Console;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/// Prints everything that a process logs to standard output, one line per event, whichever library logs it.
///
/// Logback finds this class through `META-INF/services`, in processes and in tests, so there is no logging
/// configuration file. Until [#configure] is called, only warnings and errors of libraries and the information of
/// our own code are printed, as text.
public final class Logging extends ContextAwareBase implements Configurator {
    private static final String TEXT = "%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z',UTC} %-5level ${process}%msg%n%ex";

    private static final String CONSOLE = "console";

    /// How much is logged, and in which format.
    ///
    /// @param debug whether debug lines are printed, too
    /// @param json whether lines are JSON; else they are text
    public record LoggingSettings(boolean debug, boolean json) {
        /// Reads `DEBUG` and `LOGGING_FORMAT`.
        @SuppressWarnings("SystemConsoleNull") // NullAway requires the check that Error Prone considers needless
        public static LoggingSettings read(SettingsReader settings) {
            String format = settings.oneOf(Setting.LOGGING_FORMAT, "auto", "text", "json");
            Console console = System.console();
            boolean onTerminal = console != null && console.isTerminal();
            return new LoggingSettings(
                    settings.flag(Setting.DEBUG), format.equals("json") || (format.equals("auto") && !onTerminal));
        }
    }

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        setUp(context, new LoggingSettings(false, false), "");
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /// Applies the settings.
    ///
    /// @param process the name of the process, which every line contains
    public static void configure(LoggingSettings settings, String process) {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        setUp(context, settings, process);
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
    }

    /// Prints log lines as text to standard error, for a command, whose result goes to standard output.
    public static void configureForCommand(String name) {
        configure(new LoggingSettings(false, false), name);
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        var console = (ConsoleAppender<ILoggingEvent>) context.getLogger("ROOT").getAppender(CONSOLE);
        console.stop();
        console.setTarget("System.err");
        console.start();
    }

    private static void setUp(LoggerContext context, LoggingSettings settings, String process) {
        var console = new ConsoleAppender<ILoggingEvent>();
        console.setContext(context);
        console.setName(CONSOLE);
        console.setEncoder(settings.json() ? json(context, process) : text(context, process));
        var filter = new ConnectionsWhileStopping();
        filter.start();
        console.addFilter(filter);
        console.start();

        context.getLogger("ROOT").addAppender(console);
        context.getLogger("ROOT").setLevel(Level.WARN);
        context.getLogger("clickcounter").setLevel(settings.debug() ? Level.DEBUG : Level.INFO);
        // HikariCP warns with a stack trace about every lost connection.
        quiet("com.zaxxer", Level.ERROR, context, settings);
        // Flyway and the PostgreSQL driver also throw what they log.
        quiet("org.flywaydb", Level.OFF, context, settings);
        quiet("org.postgresql.ssl", Level.OFF, context, settings);
        quiet("io.helidon", Level.WARN, context, settings);
        // Helidon logs a stack trace if a port is in use; we report that in one line.
        quiet("io.helidon.webserver.LoomServer", Level.OFF, context, settings);
    }

    private static void quiet(String logger, Level level, LoggerContext context, LoggingSettings settings) {
        context.getLogger(logger).setLevel(settings.debug() ? Level.INFO : level);
    }

    private static Encoder<ILoggingEvent> text(LoggerContext context, String process) {
        var encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(TEXT.replace("${process}", process.isEmpty() ? "" : "%-10.10s ".formatted(process)));
        encoder.start();
        return encoder;
    }

    private static Encoder<ILoggingEvent> json(LoggerContext context, String process) {
        var encoder = new JsonLineEncoder(process);
        encoder.setContext(context);
        encoder.start();
        return encoder;
    }

    /// Suppresses an error that is none: Helidon logs a stack trace when it closes, as it should, a connection
    /// that arrives at the moment at which the server stops.
    private static final class ConnectionsWhileStopping extends Filter<ILoggingEvent> {
        @Override
        public FilterReply decide(ILoggingEvent event) {
            return event.getLoggerName().equals("io.helidon.webserver.ServerListener")
                            && event.getMessage().equals("Executor rejected handler for new connection")
                    ? FilterReply.DENY
                    : FilterReply.NEUTRAL;
        }
    }
}
