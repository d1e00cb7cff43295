// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// GnuTLS on the other side, with the certificates that the guide tells to make.
@Timeout(120)
class RealTlsTest {
    @TempDir Path root;
    private ServeProcess server;
    private int port;

    @BeforeEach
    void serve() throws Exception {
        authority("ca");
        certificate("ca", "server", "serverAuth", root);
        Files.createDirectories(root.resolve("client"));
        certificate("ca", "client", "clientAuth", root.resolve("client"));
        Files.copy(root.resolve("ca.crt"), root.resolve("client/ca-cert.pem"));
        Files.move(root.resolve("client/client.crt"), root.resolve("client/client-cert.pem"));
        Files.move(root.resolve("client/client.key"), root.resolve("client/client-key.pem"));
        server =
                ServeProcess.start(
                        "--size=16MiB",
                        "--dir=" + root.resolve("v"),
                        "--socket=" + root.resolve("s"),
                        "--listen=127.0.0.1:0",
                        "--tls-cert=" + root.resolve("server.crt"),
                        "--tls-key=" + root.resolve("server.key"),
                        "--tls-ca=" + root.resolve("ca.crt"));
        port = Integer.parseInt(server.ready().replaceAll(".*port=", ""));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void nbdinfo_and_nbdcopy_work_over_tls() throws Exception {
        String uri =
                "nbds://localhost:%d/volume?tls-certificates=%s"
                        .formatted(port, root.resolve("client"));
        assertThat(Tool.run(root, "nbdinfo", uri)).contains("with TLS", "16777216");
        byte[] bytes = new byte[16 << 20];
        new java.util.SplittableRandom(1).nextBytes(bytes);
        Path image = Files.write(root.resolve("image"), bytes);
        Tool.run(root, "nbdcopy", "--flush", "--connections=4", image.toString(), uri);
        assertThat(Files.mismatch(image, root.resolve("v/volume.raw"))).isEqualTo(-1);
        Path back = root.resolve("back");
        Tool.run(root, "nbdcopy", uri, back.toString());
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
    }

    @Test
    void qemu_img_works_over_tls() throws Exception {
        String image =
                "driver=nbd,host=localhost,port=%d,export=volume,tls-creds=tls".formatted(port);
        String credentials = "tls-creds-x509,id=tls,endpoint=client,dir=" + root.resolve("client");
        String[] info = {"qemu-img", "info", "--object", credentials, "--image-opts", image};
        assertThat(Tool.run(root, info)).contains("16 MiB");
        String said =
                Tool.run(
                        root,
                        "qemu-io",
                        "--object",
                        credentials,
                        "--image-opts",
                        "-c",
                        "write -P 5 1M 3M",
                        "-c",
                        "write -z 2M 1M",
                        "-c",
                        "flush",
                        "-c",
                        "read -P 5 1M 1M",
                        "-c",
                        "read -P 0 2M 1M",
                        image);
        assertThat(said).contains("read 1048576/1048576").doesNotContain("failed");
    }

    @Test
    void nobody_comes_in_without_tls_or_without_a_certificate_of_the_authority() throws Exception {
        Tool.Result plain =
                Tool.attempt(root, "nbdinfo", "nbd://localhost:%d/volume".formatted(port));
        assertThat(plain.status()).isNotZero();
        Files.delete(root.resolve("client/client-cert.pem"));
        Files.delete(root.resolve("client/client-key.pem"));
        String uri =
                "nbds://localhost:%d/volume?tls-certificates=%s"
                        .formatted(port, root.resolve("client"));
        assertThat(Tool.attempt(root, "nbdinfo", uri).status()).isNotZero();
        authority("other");
        certificate("other", "client", "clientAuth", root.resolve("client"));
        Files.move(root.resolve("client/client.crt"), root.resolve("client/client-cert.pem"));
        Files.move(root.resolve("client/client.key"), root.resolve("client/client-key.pem"));
        assertThat(Tool.attempt(root, "nbdinfo", uri).status()).isNotZero();
    }

    private void authority(String name) throws Exception {
        Tool.run(
                root,
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=" + name,
                "-addext",
                "keyUsage=critical,keyCertSign,cRLSign",
                "-keyout",
                name + ".key",
                "-out",
                name + ".crt");
    }

    private void certificate(String authority, String name, String usage, Path into)
            throws Exception {
        Tool.run(
                root,
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=" + name,
                "-CA",
                authority + ".crt",
                "-CAkey",
                authority + ".key",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-addext",
                "keyUsage=critical,digitalSignature,keyEncipherment",
                "-addext",
                "extendedKeyUsage=" + usage,
                "-keyout",
                into.resolve(name + ".key").toString(),
                "-out",
                into.resolve(name + ".crt").toString());
    }
}
