@NullMarked
package clickcounter.supervisor;

import org.jspecify.annotations.NullMarked;
