// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.region;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigInteger;
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
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/// The region's own CA: EC P-256, made at the first start, its key in a directory of ours alone.
public final class CertificateAuthority {
    private static final Duration CA_LIFE = Duration.ofDays(3650);
    private static final Duration CERTIFICATE_LIFE = Duration.ofDays(1825);

    /// Clocks of nodes may be behind ours by so much.
    private static final Duration BACKDATED = Duration.ofHours(1);

    private final Path directory;
    private final Path published;
    private final X509Certificate certificate;
    private final PrivateKey key;

    private CertificateAuthority(
            Path directory, Path published, X509Certificate certificate, PrivateKey key) {
        this.directory = directory;
        this.published = published;
        this.certificate = certificate;
        this.key = key;
    }

    /// Opens the CA of this home, or makes it.
    ///
    /// @param published where everybody may read the CA's certificate
    /// @param hosts     names and addresses in the certificate of our own listeners, which is made anew at each start
    public static CertificateAuthority open(Path directory, Path published, List<String> hosts)
            throws IOException {
        try {
            Files.createDirectories(directory);
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
            if (!Files.exists(directory.resolve("ca.pem"))) {
                make(directory);
            }
            var opened =
                    new CertificateAuthority(
                            directory,
                            published,
                            certificate(Files.readString(directory.resolve("ca.pem"))),
                            key(Files.readString(directory.resolve("ca.key"))));
            opened.issueServer(hosts);
            write(published, opened.pem());
            Files.setPosixFilePermissions(published, PosixFilePermissions.fromString("rw-r--r--"));
            return opened;
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException(
                    "the CA in " + directory + " cannot be used: " + e.getMessage(), e);
        }
    }

    /// The CA's certificate, for clients and nodes.
    public Path file() {
        return published;
    }

    public Path serverCertificate() {
        return directory.resolve("server.pem");
    }

    public Path serverKey() {
        return directory.resolve("server.key");
    }

    /// Our own listeners' certificate and key, as TLS wants them.
    public List<KeyManager> keyManagers() {
        try {
            KeyStore store = emptyStore();
            X509Certificate server = certificate(Files.readString(serverCertificate()));
            store.setKeyEntry(
                    "server",
                    key(Files.readString(serverKey())),
                    new char[0],
                    new X509Certificate[] {server});
            var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, new char[0]);
            return List.of(factory.getKeyManagers());
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("the server's key cannot be used", e);
        }
    }

    /// Trusts certificates of this CA and no others.
    public List<TrustManager> trustManagers() {
        try {
            KeyStore store = emptyStore();
            store.setCertificateEntry("ca", certificate);
            var factory =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return List.of(factory.getTrustManagers());
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("the CA's certificate cannot be used", e);
        }
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("JKS"); // in memory only
        store.load(null, null);
        return store;
    }

    public String pem() {
        try {
            return pem("CERTIFICATE", certificate.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// A certificate for whoever holds the request's key, under the name that we choose.
    ///
    /// @throws IllegalArgumentException when the request cannot be read or is not signed by its own key
    String sign(String requestPem, String node) {
        try (var parser = new PEMParser(new StringReader(requestPem))) {
            if (!(parser.readObject() instanceof PKCS10CertificationRequest read)) {
                throw new IllegalArgumentException("csrPem holds no certificate request");
            }
            var request = new JcaPKCS10CertificationRequest(read);
            PublicKey holder = request.getPublicKey();
            if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(holder))) {
                throw new IllegalArgumentException(
                        "the certificate request is not signed by its own key");
            }
            var names = new GeneralNames(new GeneralName(GeneralName.dNSName, node));
            return pem("CERTIFICATE", issue(holder, node, names, CERTIFICATE_LIFE).getEncoded());
        } catch (IOException
                | GeneralSecurityException
                | OperatorCreationException
                | PKCSException e) {
            throw new IllegalArgumentException(
                    "csrPem cannot be read as a certificate request: " + e.getMessage(), e);
        }
    }

    private void issueServer(List<String> hosts)
            throws IOException, GeneralSecurityException, OperatorCreationException {
        KeyPair pair = pair();
        GeneralName[] names =
                hosts.stream()
                        .map(host ->
                                new GeneralName(
                                        host.matches("[0-9.]+")
                                                ? GeneralName.iPAddress
                                                : GeneralName.dNSName,
                                        host))
                        .toArray(GeneralName[]::new);
        X509Certificate server =
                issue(
                        pair.getPublic(),
                        "redoubt-control",
                        new GeneralNames(names),
                        CERTIFICATE_LIFE);
        write(serverKey(), pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
        write(serverCertificate(), pem("CERTIFICATE", server.getEncoded()));
    }

    private X509Certificate issue(PublicKey holder, String name, GeneralNames names, Duration life)
            throws IOException, GeneralSecurityException, OperatorCreationException {
        Instant now = Instant.now();
        var builder =
                new JcaX509v3CertificateBuilder(
                        certificate,
                        serial(),
                        Date.from(now.minus(BACKDATED)),
                        Date.from(now.plus(life)),
                        new javax.security.auth.x500.X500Principal("CN=" + name),
                        holder);
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
        builder.addExtension(
                Extension.extendedKeyUsage,
                false,
                new ExtendedKeyUsage(
                        new KeyPurposeId[] {
                            KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                        }));
        builder.addExtension(Extension.subjectAlternativeName, false, names);
        return new JcaX509CertificateConverter().getCertificate(builder.build(signer(key)));
    }

    private static void make(Path directory)
            throws IOException, GeneralSecurityException, OperatorCreationException {
        KeyPair pair = pair();
        Instant now = Instant.now();
        byte[] suffix = new byte[4];
        new SecureRandom().nextBytes(suffix);
        var name = new X500Name("CN=Redoubt region " + java.util.HexFormat.of().formatHex(suffix));
        var builder =
                new JcaX509v3CertificateBuilder(
                        name,
                        serial(),
                        Date.from(now.minus(BACKDATED)),
                        Date.from(now.plus(CA_LIFE)),
                        name,
                        pair.getPublic());
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
        builder.addExtension(
                Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        byte[] encoded = builder.build(signer(pair.getPrivate())).getEncoded();
        write(directory.resolve("ca.key"), pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
        write(
                directory.resolve("ca.pem"),
                pem("CERTIFICATE", encoded)); // last: it says that all is there
    }

    private static ContentSigner signer(PrivateKey key) throws OperatorCreationException {
        return new JcaContentSignerBuilder("SHA256withECDSA").build(key);
    }

    private static KeyPair pair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static BigInteger serial() {
        return new BigInteger(120, new SecureRandom()).setBit(120);
    }

    private static X509Certificate certificate(String pem) throws GeneralSecurityException {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new java.io.ByteArrayInputStream(
                                        pem.getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
    }

    private static PrivateKey key(String pem) throws GeneralSecurityException {
        String body = pem.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        return KeyFactory.getInstance("EC")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(body)));
    }

    private static String pem(String what, byte[] encoded) {
        var text = new StringWriter();
        text.write("-----BEGIN " + what + "-----\n");
        text.write(Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded));
        text.write("\n-----END " + what + "-----\n");
        return text.toString();
    }

    private static void write(Path file, String text) throws IOException {
        Path half = file.resolveSibling(file.getFileName() + ".half");
        Files.deleteIfExists(half);
        Files.createFile(
                half,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(half, text);
        Files.move(half, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
