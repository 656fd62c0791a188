package clickcounter.query;

import clickcounter.shared.ProcessMain;

/// The query process.
public final class QueryMain {
    private static final int MIN_CARRIERS = 4;

    private QueryMain() {}

    /// Runs until a signal ends it.
    public static void main(String[] arguments) {
        haveCarriers();
        ProcessMain.run("query", (settings, lifetime) -> Query.start(QuerySettings.read(settings), lifetime));
    }

    /// Gives the virtual threads, which answer every request, some carrier threads even on one or two
    /// processors. The JDK lets a virtual thread run until it waits, and may run new ones first, so that few
    /// carriers would leave a cheap question waiting for seconds while many clients send expensive ones. The
    /// system is fair to carriers.
    ///
    /// The JDK reads this property when the first virtual thread starts.
    private static void haveCarriers() {
        int carriers = Math.max(MIN_CARRIERS, Runtime.getRuntime().availableProcessors());
        System.setProperty("jdk.virtualThreadScheduler.parallelism", Integer.toString(carriers));
    }
}
