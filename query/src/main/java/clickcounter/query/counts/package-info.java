/// Minutes as text.
@NullMarked
package clickcounter.query.counts;

import org.jspecify.annotations.NullMarked;
