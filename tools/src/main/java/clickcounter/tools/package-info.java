/// The commands of operators: `./run.sh audit`, `replay` and `log`, and `./migrate.sh`.
@NullMarked
package clickcounter.tools;

import org.jspecify.annotations.NullMarked;
