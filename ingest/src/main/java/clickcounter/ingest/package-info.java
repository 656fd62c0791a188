/// The ingest process: it appends clicks that arrive over HTTP to the click log, and forwards all other requests
/// to query. It does not use the database.
@NullMarked
package clickcounter.ingest;

import org.jspecify.annotations.NullMarked;
