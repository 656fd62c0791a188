/// The time that decides about data: when a click came, and how old something must be to be deleted.
@NullMarked
package clickcounter.shared.clock;

import org.jspecify.annotations.NullMarked;
