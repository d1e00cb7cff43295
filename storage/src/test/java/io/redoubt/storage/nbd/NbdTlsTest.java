// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// TCP: nothing is told to anybody before TLS 1.3 with a certificate that the server trusts.
@Timeout(60)
class NbdTlsTest {
    private static final int TLS_REQUIRED = 0x80000005;
    private static final int INVALID = 0x80000003;
    private static final int ACK = 1;
    private static final Retries ONCE = Retries.NONE;

    @TempDir static Path certificates;
    private final MemoryDevice device = new MemoryDevice(new byte[2 << 20]);
    private NbdServer server;

    @BeforeAll
    static void makeCertificates() throws Exception {
        TestCertificates.make(certificates, "server", "EC");
        TestCertificates.make(certificates, "client", "RSA");
        TestCertificates.make(certificates, "stranger", "Ed25519");
    }

    @BeforeEach
    void start() {
        server =
                NbdServer.listen(
                        new InetSocketAddress(0),
                        Exports.one("vol-7", Export.writable(device, "a volume")),
                        files("server", "client").context(),
                        NbdLimits.DEFAULT);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void a_trusted_client_reads_and_writes_over_several_connections() {
        var bytes = new byte[1 << 20];
        new SplittableRandom(1).nextBytes(bytes);
        try (var one = connect("client", "server", "localhost", ONCE);
                var two = connect("client", "server", "127.0.0.1", ONCE)) {
            one.write(12345, ByteBuffer.wrap(bytes));
            one.flush();
            var back = ByteBuffer.allocate(bytes.length);
            two.read(12345, back);
            assertThat(back.array()).isEqualTo(bytes);
            one.zero(0, 2 << 20);
            assertThat(device.bytes).containsOnly(0);
        }
    }

    @Test
    void a_cut_connection_is_made_again() {
        var retries = new Retries(Duration.ofSeconds(5), Duration.ofSeconds(20));
        try (var client = connect("client", "server", "localhost", retries)) {
            client.write(0, ByteBuffer.wrap(new byte[] {42}));
            server.reconnectAll();
            client.flush();
            assertThat(device.bytes[0]).isEqualTo((byte) 42);
        }
    }

    @Test
    void a_stranger_and_somebody_without_a_certificate_are_not_let_in() {
        assertThatThrownBy(() -> connect("stranger", "server", "localhost", ONCE).flush())
                .isInstanceOf(FaultException.class);
        assertThatThrownBy(() -> connect("server", "server", "localhost", ONCE).flush())
                .isInstanceOf(FaultException.class);
        assertThat(device.flushes.get()).isZero();
    }

    @Test
    void a_server_that_cannot_prove_its_name_is_not_used() {
        assertThatThrownBy(() -> connect("client", "stranger", "localhost", ONCE).flush())
                .isInstanceOf(FaultException.class);
        assertThatThrownBy(() -> connect("client", "server", "127.0.0.2", ONCE).flush())
                .hasMessageContaining("127.0.0.2");
    }

    @Test
    void before_tls_every_option_but_its_start_and_the_end_is_refused() throws IOException {
        try (var peer = greeted()) {
            for (int option : new int[] {3, 6, 7, 8, 9, 10, 99}) {
                peer.send(Peer.option(option, option == 7 ? Peer.info("vol-7") : new byte[0]));
                assertThat(peer.optionReply(option))
                        .as("option %d", option)
                        .isEqualTo(TLS_REQUIRED);
            }
            peer.send(Peer.option(5, new byte[3]));
            assertThat(peer.optionReply(5)).isEqualTo(INVALID);
            peer.send(Peer.option(2, new byte[0]));
            assertThat(peer.optionReply(2)).isEqualTo(ACK);
            peer.expectClosed();
        }
        try (var peer = greeted()) {
            peer.send(Peer.option(1, "vol-7".getBytes(UTF_8)));
            peer.expectClosed();
        }
    }

    /// Whoever sits between could put it there: it would count as said by the client.
    @Test
    void what_was_sent_in_plain_after_the_start_of_tls_is_never_executed() throws IOException {
        try (var peer = greeted()) {
            peer.send(Peer.join(Peer.option(5, new byte[0]), Peer.go("vol-7")));
            peer.expectClosed();
        }
    }

    @Test
    void garbage_instead_of_tls_and_an_end_in_the_middle_harm_nobody() throws IOException {
        for (int i = 0; i < 10; i++) {
            try (var peer = greeted()) {
                peer.send(Peer.option(5, new byte[0]));
                assertThat(peer.optionReply(5)).isEqualTo(ACK);
                if (i % 2 == 0) {
                    peer.send("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8));
                }
            }
        }
        try (var client = connect("client", "server", "localhost", ONCE)) {
            client.flush();
        }
    }

    @Test
    void a_file_that_is_no_certificate_or_key_is_named() throws IOException {
        Path empty = Files.writeString(certificates.resolve("empty"), "nothing");
        Path good = certificates.resolve("server.crt");
        Path key = certificates.resolve("server.key");
        for (TlsFiles bad :
                new TlsFiles[] {
                    new TlsFiles(empty, key, good),
                    new TlsFiles(good, empty, good),
                    new TlsFiles(good, key, empty),
                    new TlsFiles(good, key, certificates.resolve("missing"))
                }) {
            assertThatThrownBy(bad::context)
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e -> assertThat(e.fault()).isInstanceOf(NbdFault.BadCertificate.class));
        }
    }

    private Peer greeted() throws IOException {
        var peer = new Peer(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        peer.receive(18);
        return peer.send(Peer.flags());
    }

    private NbdClient connect(String own, String trusted, String host, Retries retries) {
        var address = new NbdAddress.Tls(host, server.port(), files(own, trusted).context());
        return NbdClient.connect(address, "vol-7", retries);
    }

    private static TlsFiles files(String own, String trusted) {
        return new TlsFiles(
                certificates.resolve(own + ".crt"),
                certificates.resolve(own + ".key"),
                certificates.resolve(trusted + ".crt"));
    }
}
