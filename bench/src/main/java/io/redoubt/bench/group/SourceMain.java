// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench.group;

import java.nio.file.Path;
import java.time.Duration;

/// The source of the measured group, or the same volume unprotected. The first volume is served over NBD as `volume`.
///
/// It says `ready`, then obeys
/// - `fill` writes every block of every volume once, in any order;
/// - `go PORT` opens the link to that port of loopback, `hold` closes it;
/// - `spool BLOCK BYTES` writes so much at random places;
/// - `pace RATE MILLIS` writes so many times a second: see [MeasuredGroup#pace];
/// - `drain` answers the nanoseconds from the moment when the link stands until a point of now is published, and where the volume stood before;
/// - `mode` answers where the first volume stands;
/// - `barrier MILLIS EVERY` writes to all volumes and cuts every so many milliseconds: see [Barrier].
public final class SourceMain {
    private SourceMain() {}

    /// @param args directory, socket, bytes of a volume, number of volumes, milliseconds between points, file of the keys or `-` for no
    ///     protection
    public static void main(String[] args) throws Exception {
        try (var group =
                new MeasuredGroup(
                        Path.of(args[0]),
                        Long.parseLong(args[2]),
                        Integer.parseInt(args[3]),
                        Duration.ofMillis(Long.parseLong(args[4])),
                        args[5])) {
            group.serve(Path.of(args[1]));
            Dialogue.hold("", words -> act(group, words));
        }
        System.exit(0);
    }

    private static String act(MeasuredGroup group, String[] words) throws Exception {
        return switch (words[0]) {
            case "fill" -> {
                group.fill();
                yield "";
            }
            case "go" -> {
                group.go(Integer.parseInt(words[1]));
                yield "";
            }
            case "hold" -> {
                group.hold();
                yield "";
            }
            case "spool" -> {
                group.write(
                        Integer.parseInt(words[1]),
                        Long.parseLong(words[2]),
                        Integer.parseInt(words[3]));
                yield "";
            }
            case "pace" -> group.pace(Integer.parseInt(words[1]), Long.parseLong(words[2]));
            case "drain" -> group.mode() + " " + group.drain();
            case "mode" -> group.mode();
            case "barrier" ->
                    new Barrier(group, Long.parseLong(words[2])).run(Long.parseLong(words[1]));
            default -> throw new IllegalArgumentException(words[0]);
        };
    }
}
