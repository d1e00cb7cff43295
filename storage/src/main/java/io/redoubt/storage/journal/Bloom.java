// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

/// A Bloom filter over block places: about 1 % of the absent ones look present.
final class Bloom {
    private static final int BITS_PER_ENTRY = 10;
    private static final int HASHES = 7;

    /// A filter of 256 MiB; larger ones would only be asked more often in vain.
    private static final long WORDS_MAX = 1 << 25;

    private final long[] words;

    Bloom(long[] words) {
        this.words = words;
    }

    long[] words() {
        return words;
    }

    static Bloom sized(long places) {
        long words = Math.max(1, (places * BITS_PER_ENTRY + 63) / 64);
        return new Bloom(new long[(int) Math.min(WORDS_MAX, words)]);
    }

    void add(long place) {
        long hash = mix(place);
        for (int i = 0; i < HASHES; i++) {
            int bit = bit(hash, i);
            words[bit >>> 6] |= 1L << bit;
        }
    }

    boolean mayHold(long place) {
        long hash = mix(place);
        for (int i = 0; i < HASHES; i++) {
            int bit = bit(hash, i);
            if ((words[bit >>> 6] & 1L << bit) == 0) {
                return false;
            }
        }
        return true;
    }

    private int bit(long hash, int i) {
        int combined = (int) hash + i * (int) (hash >>> 32);
        return (int) ((Integer.toUnsignedLong(combined) * (words.length * 64L)) >>> 32);
    }

    /// Spreads near places far apart (the finaliser of SplitMix64).
    private static long mix(long place) {
        long z = (place ^ (place >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
