// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What fails or is refused gives its descriptors back, on either side. Each way is gone many times, so that a leak is no accident.
@Timeout(60)
class DescriptorsTest {
    private static final int TIMES = 40;
    private static final int SIZE = 1 << 20;
    private static final NbdLimits TWO =
            new NbdLimits(Duration.ofSeconds(10), Duration.ofSeconds(10), 2, Duration.ofSeconds(5));

    @TempDir Path root;

    @Test
    void a_client_that_finds_nobody_or_is_refused_leaves_none() {
        requireNoneLeft(() -> refused(() -> NbdClient.connect(root.resolve("nobody"), "vol-7")));
        try (var server = serve(SIZE, NbdLimits.DEFAULT)) {
            requireNoneLeft(() -> refused(() -> NbdClient.connect(server.socket(), "unknown")));
            requireNoneLeft(() -> NbdClient.connect(server.socket(), "vol-7").close());
        }
    }

    /// The connection is whole each time, and the volume is not the one that was left.
    @Test
    void a_client_whose_volume_shrank_meanwhile_leaves_none() {
        NbdServer server = serve(SIZE, NbdLimits.DEFAULT);
        var retries = new Retries(Duration.ofSeconds(5), Duration.ofSeconds(5));
        try (var client =
                NbdClient.connect(new NbdAddress.Unix(server.socket()), "vol-7", retries)) {
            server.close();
            server = serve(SIZE / 2, NbdLimits.DEFAULT);
            requireNoneLeft(() -> refused(client::flush));
        } finally {
            server.close();
        }
    }

    @Test
    void a_server_leaves_none_when_it_ends_nor_when_it_cannot_begin() {
        requireNoneLeft(() -> serve(SIZE, NbdLimits.DEFAULT).close());
        var access = new SocketAccess(Optional.of("no-such-group-here"));
        requireNoneLeft(() ->
                refused(() -> NbdServer.listen(root.resolve("s"), exports(SIZE), access, TWO)));
    }

    @Test
    void peers_that_find_all_places_taken_leave_none() throws Exception {
        try (var server = serve(SIZE, TWO);
                var _ = Peer.simple(server.socket());
                var _ = Peer.simple(server.socket())) {
            requireNoneLeft(() -> {
                try (var peer = new Peer(server.socket())) {
                    peer.expectClosed();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    @Test
    void a_client_that_does_not_trust_its_server_leaves_none_on_either_side() throws Exception {
        TestCertificates.make(root, "server", "EC");
        TestCertificates.make(root, "client", "EC");
        var place = new InetSocketAddress(0);
        try (var server =
                NbdServer.listen(
                        place, exports(SIZE), tls("server", "client"), NbdLimits.DEFAULT)) {
            var strange = new NbdAddress.Tls("localhost", server.port(), tls("client", "client"));
            requireNoneLeft(
                    8, () -> refused(() -> NbdClient.connect(strange, "vol-7", Retries.NONE)));
        }
    }

    private SSLContext tls(String who, String trusted) {
        return new TlsFiles(
                        root.resolve(who + ".crt"),
                        root.resolve(who + ".key"),
                        root.resolve(trusted + ".crt"))
                .context();
    }

    private NbdServer serve(int size, NbdLimits limits) {
        return NbdServer.listen(root.resolve("s"), exports(size), SocketAccess.OWNER, limits);
    }

    private static Exports exports(int size) {
        Export export = Export.writable(new MemoryDevice(new byte[size]), "a volume");
        return Exports.one("vol-7", export);
    }

    private static void refused(ThrowingCallable attempt) {
        assertThatThrownBy(attempt).isInstanceOf(FaultException.class);
    }

    private static void requireNoneLeft(Runnable way) {
        requireNoneLeft(TIMES, way);
    }

    private static void requireNoneLeft(int times, Runnable way) {
        way.run(); // what is opened once for good is open
        long before = descriptors();
        for (int i = 0; i < times; i++) {
            way.run();
        }
        long end = System.nanoTime() + 5_000_000_000L;
        while (descriptors() > before && System.nanoTime() < end) {
            Thread.onSpinWait(); // the other side's thread is about to end
        }
        assertThat(descriptors()).as("open after %d times", times).isLessThanOrEqualTo(before);
    }

    private static long descriptors() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
