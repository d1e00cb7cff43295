// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.compute.guest.GuestAgent;
import io.redoubt.core.VolumeId;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.journal.JournalView;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Chains of tokens over the disks of several guests. A chain writes its token n + 1 to a disk that is drawn, in whichever guest, only after
/// the guest that wrote token n has it on its own disk, flushed. Each chain has a cell of its own on each disk, which holds the last token.
///
/// So whatever shows token n of a chain shows in every other cell of that chain the last token below n that went there.
final class CausalWriter implements AutoCloseable {
    private static final int CELL = 4096;
    private static final Duration WRITE_MAX = Duration.ofMinutes(3);
    private static final Pattern TOKEN = Pattern.compile("TOKEN (\\d+) (\\d+) ");

    private final List<Cell> cells = new ArrayList<>();
    private final List<Chain> chains = new ArrayList<>();
    private final ExecutorService threads;
    private final List<CompletableFuture<Void>> running = new ArrayList<>();
    private volatile boolean stopped;

    /// Where a disk stands in a guest, and as which volume in a view.
    private record Cell(GuestAgent agent, String disk, VolumeId volume) {}

    /// What one chain has written, in order: index n - 1 holds the cell of token n, from before the write is sent.
    private static final class Chain {
        private final List<Integer> places = new ArrayList<>();

        synchronized int next(int cell) {
            places.add(cell);
            return places.size();
        }

        synchronized List<Integer> places() {
            return List.copyOf(places);
        }
    }

    /// @param seed draws the disks
    CausalWriter(List<CausalRegion.Guest> guests, int chains, long seed) {
        for (CausalRegion.Guest guest : guests) {
            for (int i = 0; i < guest.disks().size(); i++) {
                cells.add(
                        new Cell(
                                guest.agent(),
                                guest.disks().get(i),
                                new VolumeId(guest.volumes().get(i))));
            }
        }
        this.threads = Executors.newFixedThreadPool(chains);
        var random = new SplittableRandom(seed);
        for (int number = 0; number < chains; number++) {
            var chain = new Chain();
            this.chains.add(chain);
            int own = number;
            SplittableRandom drawn = random.split();
            running.add(CompletableFuture.runAsync(() -> write(own, chain, drawn), threads));
        }
    }

    private void write(int number, Chain chain, SplittableRandom random) {
        while (!stopped) {
            int place = random.nextInt(cells.size());
            int token = chain.next(place);
            Cell cell = cells.get(place);
            String command =
                    "echo 'TOKEN %d %d ' | dd of=/dev/%s bs=%d seek=%d conv=fsync 2>/dev/null"
                            .formatted(number, token, cell.disk(), CELL, number);
            GuestAgent.Result result = cell.agent().run(WRITE_MAX, "/bin/sh", "-c", command);
            if (result.exit() != 0) {
                throw new IllegalStateException("a guest could not write: " + result);
            }
        }
    }

    /// Tokens that were begun so far.
    int tokens() {
        return chains.stream().mapToInt(chain -> chain.places().size()).sum();
    }

    /// Ends the chains after the token that each is at.
    void end() {
        stopped = true;
        running.forEach(CompletableFuture::join);
    }

    List<VolumeId> volumes() {
        return cells.stream().map(Cell::volume).toList();
    }

    /// Reads one cell as a point shows it.
    interface Reader {
        /// @param at bytes from the start of the volume
        String read(VolumeId volume, long at, int length);
    }

    /// Each volume from the view whose point has it.
    static Reader of(List<JournalView> views) {
        return (volume, at, length) ->
                text(
                        views.stream()
                                .filter(view -> view.point().vector().containsKey(volume))
                                .findFirst()
                                .orElseThrow()
                                .volume(volume),
                        at,
                        length);
    }

    private static String text(BlockImage device, long at, int length) {
        ByteBuffer read = ByteBuffer.allocate(length);
        device.read(at, read);
        return new String(read.array(), StandardCharsets.ISO_8859_1);
    }

    /// What is wrong with a point: each token that is there without its predecessors, and each that is where it was never written.
    List<String> broken(Reader point) {
        var broken = new ArrayList<String>();
        for (int number = 0; number < chains.size(); number++) {
            int[] shown = new int[cells.size()];
            int newest = 0;
            for (int cell = 0; cell < shown.length; cell++) {
                shown[cell] =
                        token(
                                number,
                                point.read(cells.get(cell).volume(), (long) number * CELL, 64));
                newest = Math.max(newest, shown[cell]);
            }
            int[] expected = new int[cells.size()];
            List<Integer> places = chains.get(number).places();
            for (int token = 1; token <= Math.min(newest, places.size()); token++) {
                expected[places.get(token - 1)] = token;
            }
            for (int cell = 0; cell < shown.length; cell++) {
                if (shown[cell] != expected[cell]) {
                    broken.add(
                            "chain %d shows token %d, and on volume %s token %d instead of %d"
                                    .formatted(
                                            number,
                                            newest,
                                            cells.get(cell).volume(),
                                            shown[cell],
                                            expected[cell]));
                }
            }
        }
        return broken;
    }

    /// @return 0 for a cell that nothing was written to, -1 for what is no token of this chain
    private static int token(int chain, String text) {
        if (text.chars().allMatch(c -> c == 0)) {
            return 0;
        }
        Matcher found = TOKEN.matcher(text);
        boolean own = found.lookingAt() && Integer.parseInt(found.group(1)) == chain;
        return own ? Integer.parseInt(found.group(2)) : -1;
    }

    @Override
    public void close() {
        stopped = true;
        threads.shutdownNow();
    }
}
