// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import java.util.BitSet;

/// What each byte of a volume may show after a crash: the slow and obvious bookkeeping of the promise of [BlockDevice].
///
/// Writes fill their range with one value below 64, so a byte tells the write that it came from.
public final class ByteOracle {
    private final int[] acknowledged;
    private final long[] sinceFlush; // a bit for each value that a power loss may show
    private final BitSet touched =
            new BitSet(); // sectors written since the flush, by whatever value
    private int flightFrom;
    private int flightTo;
    private int flightValue;

    public ByteOracle(int size, int value) {
        acknowledged = new int[size];
        sinceFlush = new long[size];
        for (int i = 0; i < size; i++) {
            acknowledged[i] = value;
            sinceFlush[i] = 1L << value;
        }
    }

    public void writing(int from, int to, int value) {
        flightFrom = from;
        flightTo = to;
        flightValue = value;
        touched.set(from / 512, (to + 511) / 512);
        for (int i = from; i < to; i++) {
            sinceFlush[i] |= 1L << value;
        }
    }

    public void written() {
        for (int i = flightFrom; i < flightTo; i++) {
            acknowledged[i] = flightValue;
        }
        flightTo = flightFrom;
    }

    public void flushed() {
        touched.clear();
        for (int i = 0; i < acknowledged.length; i++) {
            sinceFlush[i] = 1L << acknowledged[i];
        }
    }

    /// Takes over what is shown. @return words about the first byte that breaks the promise, or none
    public String afterProcessCrash(byte[] shown) {
        for (int i = 0; i < shown.length; i++) {
            int value = shown[i] & 0xff;
            boolean mayBeNew = i >= flightFrom && i < flightTo && value == flightValue;
            if (value != acknowledged[i] && !mayBeNew) {
                return "byte %d shows %d after a process crash, acknowledged was %d"
                        .formatted(i, value, acknowledged[i]);
            }
            acknowledged[i] = value;
        }
        flightTo = flightFrom;
        return "";
    }

    public String afterPowerLoss(byte[] shown) {
        for (int i = 0; i < shown.length; i++) {
            int value = shown[i] & 0xff;
            if (value > 63 || (sinceFlush[i] >>> value & 1) == 0) {
                return "byte %d shows %d after a power loss, possible are bits %x"
                        .formatted(i, value, sinceFlush[i]);
            }
            acknowledged[i] = value;
            sinceFlush[i] = 1L << value;
        }
        flightTo = flightFrom;
        return "";
    }

    /// For a disk that tears inside a sector, which makes noise of an encrypted one: nothing is said about sectors with writes that no
    /// flush covers, everything about the others. The last question to this oracle.
    public String afterTearing(byte[] shown) {
        for (int sector = 0; sector < shown.length; sector += 512) {
            boolean busy = touched.get(sector / 512);
            for (int i = sector; i < sector + 512 && !busy; i++) {
                if ((shown[i] & 0xff) != acknowledged[i]) {
                    return "byte %d shows %d, flushed was %d"
                            .formatted(i, shown[i] & 0xff, acknowledged[i]);
                }
            }
        }
        return "";
    }
}
