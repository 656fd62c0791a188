@NullMarked
package clickcounter.query;

import org.jspecify.annotations.NullMarked;
