/// The schema and its migrations, connecting to `DATABASE_URL`, the embedded database.
@NullMarked
package clickcounter.migrations;

import org.jspecify.annotations.NullMarked;
