package clickcounter.ingest;

import java.time.Duration;

/// What strangers may take that is not a setting.
///
/// @param maxIdle how long a connection may be idle; longer than the longest time that Helidon waits for query
/// @param maxKeptBytes of all connections of all [ClickLoop]s together: heads that have arrived in part, and
/// answers that clients do not take
/// @param maxArrivingBytes of all connections together that wait for the relay
/// @param maxUnansweredBytes of all relayed connections together: what clients have sent without getting any
/// bytes back
record ConnectionLimits(Duration maxIdle, long maxKeptBytes, long maxArrivingBytes, long maxUnansweredBytes) {
    static final ConnectionLimits DEFAULT =
            new ConnectionLimits(Duration.ofSeconds(75), 32L << 20, 32L << 20, 48L << 20);
}
