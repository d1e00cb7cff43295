// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import io.redoubt.storage.atrest.Sealing;
import java.util.SplittableRandom;

/// Which layers a seed's volume has, and how large they are.
///
/// @param size    bytes at the making, not always whole blocks
/// @param overlay over an image, else raw
/// @param tight   room for less than all writes and snapshots want
/// @param tears   the disk tears inside sectors, not only between them
/// @param grain   of the snapshots
/// @param chunk   of the checksums
/// @param piece   of the hydration
record VolumeSetup(
        int size,
        Sealing sealing,
        boolean overlay,
        Home home,
        boolean tight,
        boolean tears,
        int grain,
        int chunk,
        int piece) {
    static final int SECTOR = 512;
    static final int GROWTH_MAX = 16 << 10;

    /// Where the files are.
    enum Home {
        DIRECTORY,
        THICK,
        THIN
    }

    static VolumeSetup draw(SplittableRandom random) {
        int sectors = random.nextBoolean() ? 8 * random.nextInt(2, 12) : random.nextInt(16, 96);
        return new VolumeSetup(
                sectors * SECTOR,
                new Sealing(random.nextBoolean(), random.nextInt(3) > 0),
                random.nextBoolean(),
                Home.values()[random.nextInt(3)],
                random.nextInt(3) == 0,
                random.nextInt(3) == 0,
                512 << random.nextInt(4),
                4096 << random.nextInt(3),
                512 * random.nextInt(2, 20));
    }

    int sizeMax() {
        return size + GROWTH_MAX;
    }

    boolean thin() {
        return home == Home.THIN;
    }

    boolean encrypted() {
        return sealing.encrypted();
    }

    boolean checked() {
        return sealing.checked();
    }
}
