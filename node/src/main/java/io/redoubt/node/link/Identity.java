// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.link;

import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.EnrolmentGrpc;
import io.redoubt.protocol.JoinReply;
import io.redoubt.protocol.JoinRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;

/// The node's name in its region and the certificate that proves it, kept in `tls/` of its home.
///
/// @param node the id that the control plane chose
public record Identity(String node, Path certificate, Path key, Path ca) {
    private static final int JOIN_SECONDS_MAX = 20;

    /// What a node that never joined needs.
    public record Invitation(String control, Path ca, String token, String zone, String name) {}

    /// @return the identity that an earlier join left, or null
    public static @Nullable Identity find(Path home) {
        Path tls = home.resolve("tls");
        Path name = tls.resolve("node");
        try {
            return Files.exists(name)
                    ? new Identity(
                            Files.readString(name).strip(),
                            tls.resolve("node.crt"),
                            tls.resolve("node.key"),
                            tls.resolve("ca.crt"))
                    : null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Joins the region with a one-time token. The name is written last: dying before leaves a node that must join again.
    ///
    /// @throws FaultException with [LinkFault.NotJoined]
    public static Identity join(Path home, Invitation invitation) {
        Path tls = home.resolve("tls");
        try {
            Files.createDirectories(
                    tls,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            JoinReply reply = ask(invitation, request(pair));
            write(tls.resolve("node.key"), pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
            write(tls.resolve("node.crt"), reply.getCertificatePem());
            write(tls.resolve("ca.crt"), reply.getCaPem());
            write(tls.resolve("node"), reply.getNode());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException("this JDK cannot make a certificate request", e);
        }
        Identity joined = find(home);
        if (joined == null) {
            throw new IllegalStateException("the identity that was just written is not there");
        }
        return joined;
    }

    private static JoinReply ask(Invitation invitation, String csr) throws IOException {
        ManagedChannel channel =
                Grpc.newChannelBuilder(
                                invitation.control(),
                                TlsChannelCredentials.newBuilder()
                                        .trustManager(invitation.ca().toFile())
                                        .build())
                        .build();
        try {
            return EnrolmentGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(JOIN_SECONDS_MAX, TimeUnit.SECONDS)
                    .join(
                            JoinRequest.newBuilder()
                                    .setToken(invitation.token())
                                    .setCsrPem(csr)
                                    .setZone(invitation.zone())
                                    .setNodeName(invitation.name())
                                    .build());
        } catch (StatusRuntimeException e) {
            throw new FaultException(
                    new LinkFault.NotJoined(
                            invitation.control(),
                            e.getStatus().getCode() + " " + e.getStatus().getDescription()),
                    e);
        } finally {
            channel.shutdownNow();
        }
    }

    private static String request(KeyPair pair) throws OperatorCreationException, IOException {
        byte[] request =
                new JcaPKCS10CertificationRequestBuilder(
                                new X500Principal("CN=node"), pair.getPublic())
                        .build(
                                new JcaContentSignerBuilder("SHA256withECDSA")
                                        .build(pair.getPrivate()))
                        .getEncoded();
        return pem("CERTIFICATE REQUEST", request);
    }

    private static String pem(String kind, byte[] der) {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n";
    }

    private static void write(Path file, String text) throws IOException {
        Path draft = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(draft);
        Files.createFile(
                draft,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(draft, text);
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /// TLS 1.3 with this certificate, trusting the region's CA only, for the streams between nodes.
    public SSLContext tls() {
        try {
            var factory = CertificateFactory.getInstance("X.509");
            Certificate own = read(factory, certificate);
            Certificate authority = read(factory, ca);
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(null, null);
            keys.setKeyEntry("node", privateKey(), new char[0], new Certificate[] {own});
            KeyStore trust = KeyStore.getInstance("PKCS12");
            trust.load(null, null);
            trust.setCertificateEntry("region", authority);
            var keyManagers =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keyManagers.init(keys, new char[0]);
            var trustManagers =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trustManagers.init(trust);
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keyManagers.getKeyManagers(), trustManagers.getTrustManagers(), null);
            return context;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(
                    "the node's certificate cannot be used: " + e.getMessage(), e);
        }
    }

    private PrivateKey privateKey() throws IOException, GeneralSecurityException {
        String body =
                Files.readString(key)
                        .lines()
                        .filter(l -> !l.startsWith("-----"))
                        .reduce("", String::concat);
        return KeyFactory.getInstance("EC")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(body)));
    }

    private static Certificate read(CertificateFactory factory, Path file)
            throws IOException, GeneralSecurityException {
        return factory.generateCertificate(
                new ByteArrayInputStream(
                        Files.readString(file).getBytes(StandardCharsets.US_ASCII)));
    }
}
