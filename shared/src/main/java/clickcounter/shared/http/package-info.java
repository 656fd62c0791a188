/// What the HTTP servers of all processes have in common: their limits and how they answer errors.
@NullMarked
package clickcounter.shared.http;

import org.jspecify.annotations.NullMarked;
