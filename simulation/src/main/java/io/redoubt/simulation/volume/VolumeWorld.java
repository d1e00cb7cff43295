// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import static io.redoubt.simulation.volume.VolumeSetup.SECTOR;

import io.redoubt.core.Bytes;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.atrest.SealedDisk;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.VolumeFault;
import io.redoubt.storage.pool.Datastore;
import io.redoubt.storage.pool.PoolFault;
import io.redoubt.storage.snapshot.Snapshot;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One seed's lives of a volume with all of its layers: what several clients and an operator do ([VolumeLoad]), and deaths at any disk
/// call, at any sync, and again while the next process starts. After each, everything that can be read is held against [VolumeOracle].
public final class VolumeWorld {
    private static final int LIVES = 6;
    private static final int CALLS_MAX = 250;
    private static final int SYNCS_MAX = 40;

    final SplittableRandom random;
    final VolumeSetup setup;
    final SimTime time = new SimTime();
    final SimHost host;
    final SimImage image;
    final VolumeOracle oracle;
    private final Map<Moment, Integer> moments = new EnumMap<>(Moment.class);
    private long told; // durable elsewhere
    private long datastore; // bytes, durable elsewhere
    private boolean made;
    long confirmed; // number of the fence
    long attempted;
    private int names;
    private long writes;
    private long steps;
    private final Consumer<String> story;
    private long trace = 0xcbf29ce484222325L;

    public VolumeWorld(long seed, SyncLedger syncs) {
        this(seed, syncs, _ -> {});
    }

    /// @param story hears what happens, a line for each step
    public VolumeWorld(long seed, SyncLedger syncs, Consumer<String> story) {
        this.story = story;
        random = new SplittableRandom(seed);
        setup = VolumeSetup.draw(random);
        host = new SimHost(random.split(), time, syncs);
        host.capacity(1L << 30);
        if (!setup.tears()) {
            host.wholeSectors();
        }
        told = setup.size();
        datastore = datastoreSize();
        byte[] below = setup.overlay() ? pattern(0, setup.size()) : new byte[setup.size()];
        image = new SimImage(below);
        oracle = new VolumeOracle(setup, below);
    }

    private long datastoreSize() {
        long segment = VolumeStack.segment(setup);
        if (!setup.tight()) {
            return setup.sizeMax() + 16 * segment;
        }
        return setup.thin() ? setup.size() / 8192 * 4096 + 8192 : setup.size() + segment;
    }

    /// Runs the seed.
    ///
    /// @return a hash of everything that happened
    /// @throws Violation when a promise was broken
    public long run() {
        tell("%s".formatted(setup));
        try {
            for (int life = 0; life < LIVES; life++) {
                live();
                if (made && random.nextInt(3) == 0) {
                    dieWhileStarting();
                }
            }
            if (made && setup.encrypted()) {
                erase();
            }
        } catch (FaultException e) {
            throw new Violation("refused: " + e.getMessage() + " of " + setup, e);
        } catch (Violation e) {
            throw new Violation(e.getMessage() + ", " + setup, e);
        }
        return trace;
    }

    /// What this seed met.
    public Map<Moment, Integer> moments() {
        return moments;
    }

    private void live() {
        drawDeath();
        try {
            VolumeStack stack = start();
            new VolumeLoad(this, stack).work();
            if (random.nextInt(3) == 0) {
                image.alive = true;
                byte[] _ = content(stack.slot); // after it no checksum is in doubt
                stack.close();
                met(Moment.CLEAN_STOP);
                TurnedBit.whileStopped(this);
            }
        } catch (ProcessKilled _) {
            met(Moment.KILL);
        }
        end();
    }

    private void drawDeath() {
        int kind = random.nextInt(5);
        if (kind < 3) {
            host.killAfter(random.nextInt(1, made ? CALLS_MAX : 80));
        } else if (kind == 3) {
            host.killAtSync(random.nextInt(1, SYNCS_MAX));
        }
    }

    private void dieWhileStarting() {
        if (random.nextBoolean()) {
            host.killAfter(random.nextInt(1, 16));
        } else {
            host.killAtSync(random.nextInt(1, 5));
        }
        try {
            VolumeStack stack = start();
            new SnapshotLoad(this, stack).finishRevert();
        } catch (ProcessKilled _) {
            met(Moment.KILL_AT_RESTART);
        }
        end();
    }

    VolumeStack start() {
        image.alive = true;
        image.dropped = false;
        image.meanwhile = () -> {};
        var known = new VolumeStack.Known(told, datastore, made);
        var stack = new VolumeStack(setup, host, image, known, this::givenUp);
        made = true;
        long mark = stack.fence.mark().number();
        if (mark < confirmed || mark > attempted) {
            throw new Violation("the fence is at %d, not %d".formatted(mark, confirmed));
        }
        confirmed = mark;
        requireRefused(stack);
        return stack;
    }

    /// Every number below the fence's is refused for ever.
    private void requireRefused(VolumeStack stack) {
        if (confirmed > 1) {
            try {
                var _ = stack.fence.attach(random.nextLong(1, confirmed), () -> {});
                throw new Violation("a fenced number attached again");
            } catch (FaultException e) {
                if (!(e.fault() instanceof VolumeFault.Fenced)) {
                    throw e;
                }
            }
        }
    }

    private void givenUp(Snapshot snapshot) {
        tell("%s is given up".formatted(snapshot.name()));
        oracle.broken(snapshot.name());
        met(Moment.SNAPSHOT_GIVEN_UP);
    }

    /// The process is gone, or the power; then everything is looked at, by a process that is gone right after.
    private void end() {
        boolean power = random.nextBoolean();
        if (power) {
            host.powerLoss();
            met(Moment.POWER_LOSS);
        } else {
            host.restartProcess();
        }
        host.duringSync(null);
        if (made) {
            look(power);
            host.restartProcess();
        }
    }

    private void look(boolean power) {
        VolumeStack stack = start();
        List<Snapshot> all = stack.snapshots.list();
        List<String> kept = all.stream().filter(Snapshot::kept).map(Snapshot::name).toList();
        List<String> given = all.stream().filter(s -> !s.kept()).map(Snapshot::name).toList();
        @Nullable String unfinished = null;
        if (stack.snapshots.reverting().isPresent()) {
            long target = stack.snapshots.reverting().getAsLong();
            unfinished =
                    all.stream().filter(s -> s.number() == target).findFirst().orElseThrow().name();
            met(Moment.REVERT_CUT_SHORT);
        }
        tell("looks, %s".formatted(kept));
        byte[] shown = content(stack.slot);
        oracle.restarted(power, shown, kept, given, unfinished);
        if (!setup.tears()) {
            note(Arrays.hashCode(shown)); // torn and encrypted is noise of a random key
        }
        new SnapshotLoad(this, stack).requireAll();
    }

    /// A key that was erased does not come back; an erasure that was cut off is done by its repetition.
    private void erase() {
        boolean erased = false;
        while (!erased) {
            host.killAfter(random.nextInt(1, 8));
            try {
                SealedDisk.erase(VolumeStack.files(host));
                erased = true;
            } catch (ProcessKilled _) {
                met(Moment.ERASURE_CUT_SHORT);
            }
            host.powerLoss();
        }
        try {
            VolumeStack _ = start();
            throw new Violation("it opens after its erasure");
        } catch (FaultException e) {
            if (!(e.fault() instanceof VolumeFault.Erased)) {
                throw e;
            }
            met(Moment.ERASED);
        }
    }

    /// Room is promised, then the wish is durable, then the volume grows.
    void grow(VolumeStack stack, int wanted) {
        try {
            stack.promise(wanted);
        } catch (FaultException e) {
            if (e.fault() instanceof PoolFault.NoRoom && setup.tight()) {
                met(Moment.FULL);
                return;
            }
            throw e;
        }
        told = wanted;
        oracle.grow(wanted);
        boolean grown = false;
        try {
            tell("grows to %d".formatted(wanted));
            stack.grow(wanted);
            grown = true;
        } finally {
            met(grown ? Moment.GROWN : Moment.GROWTH_CUT_SHORT);
        }
    }

    /// An operator makes the datastore larger.
    void widen(VolumeStack stack) {
        Datastore pool = stack.datastore;
        if (pool != null) {
            datastore = Math.max(datastore, pool.size().value()) + (64 << 10);
            pool.resize(new Bytes(datastore));
        }
    }

    void rest(long nanos) {
        time.advanceTo(time.nanos() + nanos);
    }

    long step() {
        return ++steps;
    }

    String nextName() {
        return "s" + ++names;
    }

    /// Bytes that nobody wrote before, and that know their sector.
    byte[] pattern(int offset, int length) {
        long number = ++writes;
        ByteBuffer words =
                ByteBuffer.allocate((length + 15) / 8 * 8).order(ByteOrder.LITTLE_ENDIAN);
        int shift = offset % 8;
        for (int at = offset - shift; words.hasRemaining(); at += 8) {
            words.putLong((number << 32 | at / SECTOR) * 0x9E3779B97F4A7C15L | 1);
        }
        return Arrays.copyOfRange(words.array(), shift, shift + length);
    }

    /// Once, right after the next sync of the volume's content.
    void duringContentSync(@Nullable Runnable then) {
        if (then == null) {
            host.duringSync(null);
            return;
        }
        host.duringSync(file -> {
            if (file.startsWith("volume.") && file.endsWith(".raw")) {
                host.duringSync(null);
                met(Moment.WRITE_DURING_A_SYNC);
                then.run();
            }
        });
    }

    void tell(String line) {
        story.accept(line);
        note(line.hashCode());
    }

    void met(Moment moment) {
        moments.merge(moment, 1, Integer::sum);
        tell("-- %s".formatted(moment));
    }

    void note(long what) {
        trace = (trace ^ what) * 0x100000001b3L;
    }

    static byte[] content(BlockImage image) {
        ByteBuffer bytes = ByteBuffer.allocate((int) image.size());
        image.read(0, bytes);
        return bytes.array();
    }
}
