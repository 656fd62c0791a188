/// The commands against a real log and a real PostgreSQL.
@NullMarked
package clickcounter.tools;

import org.jspecify.annotations.NullMarked;
