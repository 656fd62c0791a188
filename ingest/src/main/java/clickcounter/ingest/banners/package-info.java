/// How many banners may be new in a minute, and which ones are known.
@NullMarked
package clickcounter.ingest.banners;

import org.jspecify.annotations.NullMarked;
