@NullMarked
package clickcounter.counts;

import org.jspecify.annotations.NullMarked;
