// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What other people's tools did to a volume, byte by byte: on a plain one, and on one that is encrypted and checked.
@Timeout(180)
class RealToolsBytesTest {
    private static final int SIZE = 32 << 20;
    private static final int MIB = 1 << 20;

    @TempDir Path root;
    private final List<ServeProcess> servers = new ArrayList<>();
    private String uri = "";

    @AfterEach
    void stop() {
        servers.forEach(ServeProcess::close);
    }

    /// Every kind of write, over one another, against the same in an array.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void qemu_io_leaves_exactly_the_bytes_that_it_was_told(boolean sealed) throws Exception {
        uri = serve("v", sealed).uri();
        var expected = new byte[SIZE];
        var random = new SplittableRandom(3);
        var words = new ArrayList<>(List.of("qemu-io", "-f", "raw", "-d", "unmap", "-t", "none"));
        for (int i = 0; i < 120; i++) {
            int at = random.nextInt(SIZE - 2 * MIB);
            int length = 1 + random.nextInt(i % 4 == 0 ? MIB : 5000);
            if (i % 3 != 0) { // else any alignment
                at &= -4096;
                length = (length + 4095) & -4096;
            }
            int pattern = 1 + random.nextInt(255);
            String range = " %d %d".formatted(at, length);
            switch (random.nextInt(6)) {
                case 0 -> words.addAll(List.of("-c", "write -z" + range));
                case 1 -> words.addAll(List.of("-c", "write -z -u" + range));
                case 2 -> words.addAll(List.of("-c", "write -z -f" + range));
                case 3 -> {
                    // QEMU discards whole blocks only; what it leaves is as good as discarded.
                    words.addAll(List.of("-c", "discard" + range, "-c", "write -z" + range));
                }
                case 4 -> words.addAll(List.of("-c", "write -f -P " + pattern + range));
                default -> words.addAll(List.of("-c", "write -P " + pattern + range));
            }
            boolean writes = words.getLast().contains("-P");
            Arrays.fill(expected, at, at + length, writes ? (byte) pattern : 0);
        }
        words.addAll(List.of("-c", "flush", uri));
        assertThat(Tool.run(root, words.toArray(String[]::new))).doesNotContain("failed");
        assertHolds(expected);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void qemu_img_bench_writes_its_pattern_and_nothing_else(boolean sealed) throws Exception {
        uri = serve("v", sealed).uri();
        String[] bench = {
            "qemu-img",
            "bench",
            "-f",
            "raw",
            "-t",
            "none",
            "-w",
            "--pattern=90",
            "--flush-interval=32",
            "-d",
            "32",
            "-c",
            "1000",
            "-s",
            "12288",
            "-o",
            "4096",
            uri
        };
        assertThat(Tool.run(root, bench)).contains("Run completed");
        var expected = new byte[SIZE];
        Arrays.fill(expected, 4096, 4096 + 1000 * 12288, (byte) 90);
        assertHolds(expected);
    }

    /// From one of our servers to the other, then a comparison by a third tool.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nbdcopy_copies_from_one_volume_to_another(boolean sealed) throws Exception {
        byte[] content = content();
        uri = serve("v", sealed).uri();
        String other = serve("w", !sealed).uri();
        Path image = Files.write(root.resolve("image"), content);
        Tool.run(root, "nbdcopy", "--connections=3", "--flush", image.toString(), uri);
        Tool.run(root, "nbdcopy", "--connections=4", "--requests=32", "--flush", uri, other);
        assertThat(Tool.run(root, "qemu-img", "compare", "-f", "raw", "-F", "raw", uri, other))
                .contains("identical");
        assertHolds(content);
        uri = other;
        assertHolds(content);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void qemu_img_converts_to_qcow2_and_back(boolean sealed) throws Exception {
        byte[] content = content();
        uri = serve("v", sealed).uri();
        Path image = Files.write(root.resolve("image"), content);
        Path packed = root.resolve("packed.qcow2");
        String[] in = {"qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", "-W", "-m", "8"};
        Tool.run(root, with(in, image.toString(), uri));
        Tool.run(root, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", uri, packed.toString());
        assertThat(Tool.run(root, "qemu-img", "compare", image.toString(), packed.toString()))
                .contains("identical");
        Tool.run(root, "qemu-io", "-f", "raw", "-c", "write -P 1 0 32M", uri);
        String[] back = {"qemu-img", "convert", "-n", "-f", "qcow2", "-O", "raw"};
        Tool.run(root, with(back, packed.toString(), uri));
        assertHolds(content);
    }

    /// The map of a volume tells data only where data is, to each tool that asks; and a dump shows it.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void maps_and_dumps_show_what_was_written(boolean sealed) throws Exception {
        uri = serve("v", sealed).uri();
        Tool.run(root, "qemu-io", "-f", "raw", "-c", "write -P 65 4M 64k", uri);
        String map = Tool.run(root, "nbdinfo", "--map", uri);
        assertThat(map.lines().map(String::strip))
                .allMatch(line -> line.matches("\\d+ +\\d+ +(2 +zero|0 +data)"));
        assertThat(map).containsPattern("(?m)^ *\\d+ +2\\d{7} +2 +zero$");
        if (!sealed) { // a sealed one calls more of it data than was written, never less
            assertThat(map).containsPattern("(?m)^ *4259840 +29294592 +2 +zero$");
            assertThat(map).containsPattern("(?m)^ *4194304 +65536 +0 +data$");
            assertThat(Tool.run(root, "nbdinfo", "--map", "--totals", uri))
                    .containsPattern("65536 +0\\.2% +0 +data");
            assertThat(Tool.run(root, "qemu-img", "map", "--output=json", "-f", "raw", uri))
                    .contains("\"start\": 4194304, \"length\": 65536");
        }
        assertThat(Tool.run(root, "nbdinfo", "--size", uri).strip()).isEqualTo("" + SIZE);
        assertThat(Tool.run(root, "nbddump", uri))
                .contains("0000400000: 41 41 41 41 41 41 41 41  41 41 41 41 41 41 41 41")
                .containsPattern("(?m)^0000410000: 00 00")
                .doesNotContain("0000410000: 41");
    }

    private static String[] with(String[] words, String... more) {
        String[] all = Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return all;
    }

    private ServeProcess serve(String name, boolean sealed) throws IOException {
        var words =
                new ArrayList<>(
                        List.of(
                                "--size=32MiB",
                                "--dir=" + root.resolve(name),
                                "--socket=" + root.resolve(name + ".sock")));
        if (sealed) {
            words.addAll(List.of("--encrypt", "--integrity"));
            words.add("--region-key=" + root.resolve("region.key"));
        }
        ServeProcess server = ServeProcess.start(words.toArray(String[]::new));
        servers.add(server);
        return server;
    }

    private void assertHolds(byte[] expected) throws Exception {
        Path out = root.resolve("out");
        Files.deleteIfExists(out);
        Tool.run(root, "nbdcopy", uri, out.toString());
        assertThat(Arrays.mismatch(Files.readAllBytes(out), expected))
                .as("the first byte that differs")
                .isEqualTo(-1);
    }

    private static byte[] content() {
        var bytes = new byte[SIZE];
        new SplittableRandom(1).nextBytes(bytes);
        Arrays.fill(bytes, 5 * MIB, 15 * MIB, (byte) 0);
        Arrays.fill(bytes, 20 * MIB + 777, 21 * MIB, (byte) 0);
        return bytes;
    }
}
