package clickcounter.ingest.banners;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The banner ids that were clicked on this host, and how many of them were new in the running minute, in a file
/// that all ingest processes of the host map into their memory.
///
/// The file has a header and two hash tables of ids with open addressing and linear probing. An id is written with
/// one compare-and-swap into a place that holds 0, and is never removed, so tables need no lock, and a process that
/// is killed leaves nothing half done. When the current table is three quarters full, the other one is cleared and
/// becomes the current one. Ids that are found in the previous table are copied, so an id is forgotten only when it
/// is not clicked while a whole table fills.
///
/// The file is a sparse one, and only a hint: when pages of it are lost with the machine's power, the ids in them
/// are new once more.
///
/// **Threads**: any, of any process.
final class KnownBanners implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(KnownBanners.class);

    private static final VarHandle LONG = JAVA_LONG.varHandle();
    private static final long MAGIC = 0x4b6e6f776e42_0001L;

    /// Parts of the header that are written are in different cache lines than those that each click reads.
    private static final long HEADER_BYTES = 4096;

    private static final long MAGIC_AT = 0;
    private static final long KEY_AT = 8;
    private static final long COMPLETE_AT = 16;
    private static final long GENERATION_AT = 24;
    private static final long ALLOWANCE_AT = 128;
    private static final long[] IDS_AT = {256, 264};

    /// The ids of a table that is three quarters full are hardly ever more than some hundred places from where they
    /// belong. If there is no free place as near as that, the table is taken for full.
    private static final int MAX_PROBES = 1024;

    private static final int MINUTE_SHIFT = 32;

    private final FileChannel channel;
    private final MemorySegment memory;
    private final int places;
    private final long key;

    private KnownBanners(FileChannel channel, int places) throws IOException {
        this.channel = channel;
        this.places = places;
        // The garbage collector unmaps it, when no thread can use it any more.
        memory = channel.map(MapMode.READ_WRITE, 0, fileBytes(places), Arena.ofAuto());
        key = memory.get(JAVA_LONG, KEY_AT);
    }

    /// Opens the file; creates it if it is missing, and replaces it if it is damaged or another one.
    ///
    /// @param places of each of the two tables, a power of two
    ///
    /// **Errors**: [StartFailure] if the file can be neither read nor created.
    static KnownBanners open(Path file, int places) {
        try {
            if (Files.exists(file) && !isWhole(file, places)) {
                logger.warn("{} is damaged or of another release; it is made anew from the click log", file);
                Files.delete(file);
            }
            if (!Files.exists(file)) {
                create(file, places);
            }
            var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                return new KnownBanners(channel, places);
            } catch (IOException | RuntimeException failure) {
                channel.close();
                throw failure;
            }
        } catch (IOException failure) {
            throw new StartFailure(
                    "The file of known banners, %s, cannot be opened: %s. Check that this user may write to it; it may also be deleted."
                            .formatted(file.toAbsolutePath(), failure),
                    failure);
        }
    }

    private static boolean isWhole(Path file, int places) throws IOException {
        if (Files.size(file) != fileBytes(places)) {
            return false;
        }
        try (var channel = FileChannel.open(file)) {
            var header = newHeader();
            channel.read(header);
            return header.getLong((int) MAGIC_AT) == MAGIC && (header.getLong((int) KEY_AT) & 1) == 1;
        }
    }

    /// Links a complete file into place, which is atomic. If another process was faster, its file counts.
    private static void create(Path file, int places) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        Path complete = Files.createTempFile(
                folder,
                "banners",
                ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----")));
        try (var channel = FileChannel.open(complete, StandardOpenOption.WRITE)) {
            var header = newHeader();
            header.putLong((int) MAGIC_AT, MAGIC);
            // Nobody outside can choose banner ids that share a place.
            header.putLong((int) KEY_AT, new SecureRandom().nextLong() | 1);
            channel.write(header);
            channel.write(ByteBuffer.wrap(new byte[1]), fileBytes(places) - 1);
            Files.createLink(file, complete);
        } catch (FileAlreadyExistsException anotherWasFaster) {
            logger.debug("another process has created {}", file);
        } finally {
            Files.deleteIfExists(complete);
        }
    }

    private static ByteBuffer newHeader() {
        return ByteBuffer.allocate((int) HEADER_BYTES).order(ByteOrder.nativeOrder());
    }

    private static long fileBytes(int places) {
        return HEADER_BYTES + 2L * places * Long.BYTES;
    }

    /// Whether an id is known.
    ///
    /// **Cost**: no allocation, no system call; as a rule one or two cache lines.
    boolean contains(long bannerId) {
        long generation = get(GENERATION_AT);
        if (isIn(table(generation), bannerId)) {
            return true;
        }
        if (isIn(table(generation + 1), bannerId)) {
            add(bannerId);
            return true;
        }
        return false;
    }

    private boolean isIn(long table, long bannerId) {
        long place = placeOf(bannerId);
        for (int probe = 0; probe < MAX_PROBES; probe++) {
            long found = get(at(table, place + probe));
            if (found == bannerId) {
                return true;
            }
            if (found == 0) {
                return false;
            }
        }
        return false;
    }

    /// Makes an id known.
    void add(long bannerId) {
        long generation = get(GENERATION_AT);
        long table = table(generation);
        long place = placeOf(bannerId);
        for (int probe = 0; probe < MAX_PROBES; probe++) {
            long at = at(table, place + probe);
            long found = (long) LONG.compareAndExchange(memory, at, 0L, bannerId);
            if (found == bannerId) {
                return;
            }
            if (found == 0) {
                long ids = (long) LONG.getAndAdd(memory, idsAt(generation), 1L) + 1;
                if (ids >= places / 4 * 3L) {
                    begin(generation + 1);
                }
                return;
            }
        }
        begin(generation + 1);
    }

    /// Clears the previous table and makes it the current one, unless another thread or process does so. If that one
    /// is killed meanwhile, the next id that is added begins the generation again.
    private void begin(long generation) {
        try (FileLock lock = channel.tryLock()) {
            if (lock != null && get(GENERATION_AT) == generation - 1) {
                memory.asSlice(table(generation), (long) places * Long.BYTES).fill((byte) 0);
                LONG.setVolatile(memory, idsAt(generation), 0L);
                LONG.setVolatile(memory, GENERATION_AT, generation);
            }
        } catch (OverlappingFileLockException anotherThread) {
            logger.debug("another thread clears the table of known banners");
        } catch (IOException failure) {
            logger.warn("the table of known banners is full and cannot be cleared: {}", failure.toString());
        }
    }

    /// Takes one new banner from what is allowed in a minute. Returns false if there is nothing left of it.
    ///
    /// @param minute a number that grows by one each minute, the same in all processes of the host
    boolean takeNew(long minute, int maxNew) {
        while (true) {
            long seen = get(ALLOWANCE_AT);
            long seenMinute = seen >>> MINUTE_SHIFT;
            // Another thread may have looked at its clock a moment later. A minute that is much later is one of
            // before the machine was started.
            boolean isRunning = seenMinute == minute || seenMinute == minute + 1;
            long taken = (isRunning ? seen : minute << MINUTE_SHIFT) + 1;
            if ((int) taken > maxNew) {
                return false;
            }
            if (LONG.compareAndSet(memory, ALLOWANCE_AT, seen, taken)) {
                return true;
            }
        }
    }

    /// Whether all banners of the log are known, so that an unknown one is new.
    boolean isComplete() {
        return get(COMPLETE_AT) != 0;
    }

    void complete() {
        LONG.setVolatile(memory, COMPLETE_AT, 1L);
    }

    private long get(long at) {
        return (long) LONG.getAcquire(memory, at);
    }

    private long table(long generation) {
        return HEADER_BYTES + (generation & 1) * places * Long.BYTES;
    }

    private static long idsAt(long generation) {
        return IDS_AT[(int) (generation & 1)];
    }

    private long at(long table, long place) {
        return table + (place & (places - 1)) * Long.BYTES;
    }

    /// Returns where an id belongs. The key is random and odd, as in the tables of counts.
    private long placeOf(long bannerId) {
        long hash = bannerId * key;
        return ((hash ^ (hash >>> Integer.SIZE)) * key) >>> (Long.numberOfLeadingZeros(places) + 1);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
