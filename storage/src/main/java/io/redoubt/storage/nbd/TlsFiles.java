// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.redoubt.core.fault.FaultException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Who we are and whom we trust, in PEM files as openssl writes them.
///
/// @param certificate our own, then those between it and the authority
/// @param key         PKCS 8, not encrypted ("BEGIN PRIVATE KEY")
/// @param authority   whoever has a certificate from it is let in
public record TlsFiles(Path certificate, Path key, Path authority) {
    private static final String[] ALGORITHMS = {"EC", "RSA", "EdDSA"};

    /// For either end of a connection.
    ///
    /// @throws FaultException with [NbdFault.BadCertificate]
    public SSLContext context() {
        try {
            Certificate[] own = certificates(certificate).toArray(Certificate[]::new);
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(null, null);
            keys.setKeyEntry("own", privateKey(), new char[0], own);
            var keyManagers =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keyManagers.init(keys, new char[0]);
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            for (Certificate one : certificates(authority)) {
                trusted.setCertificateEntry("ca" + trusted.size(), one);
            }
            var trustManagers =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trustManagers.init(trusted);
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            var trust = (X509ExtendedTrustManager) trustManagers.getTrustManagers()[0];
            context.init(
                    keyManagers.getKeyManagers(),
                    new TrustManager[] {new SilentTrust(trust)},
                    null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw bad(certificate, e.getMessage(), e);
        }
    }

    private static Collection<? extends Certificate> certificates(Path file) {
        try {
            Collection<? extends Certificate> found =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(
                                    new ByteArrayInputStream(Files.readAllBytes(file)));
            if (found.isEmpty()) {
                throw new CertificateException("it holds no certificate");
            }
            return found;
        } catch (IOException | CertificateException e) {
            throw bad(file, e.getMessage(), e);
        }
    }

    private PrivateKey privateKey() {
        try {
            String text = Files.readString(key, US_ASCII);
            String begin = "-----BEGIN PRIVATE KEY-----";
            int from = text.indexOf(begin);
            int to = text.indexOf("-----END PRIVATE KEY-----");
            if (from < 0 || to < from) {
                throw new InvalidKeySpecException("it holds no '" + begin + "'");
            }
            String body = text.substring(from + begin.length(), to).replaceAll("\\s", "");
            var specification = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(body));
            for (String algorithm : ALGORITHMS) {
                try {
                    return KeyFactory.getInstance(algorithm).generatePrivate(specification);
                } catch (InvalidKeySpecException _) {
                    // the key says itself of which kind it is: another one
                }
            }
            throw new InvalidKeySpecException("it is no EC, RSA or EdDSA key");
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            throw bad(key, e.getMessage(), e);
        }
    }

    private static FaultException bad(Path file, @Nullable String why, Exception cause) {
        return new FaultException(new NbdFault.BadCertificate(file, String.valueOf(why)), cause);
    }
}
