// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import io.redoubt.core.Bytes;
import io.redoubt.core.Name;
import io.redoubt.core.Rate;
import io.redoubt.storage.atrest.Sealing;
import io.redoubt.storage.nbd.TlsFiles;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/// `volume serve`: makes or opens the volume of a directory, serves it until the process is told to end.
///
/// SIGTERM and SIGINT close the sockets without an answer and end with status 0; clients with a reconnect delay wait. A kill at any
/// moment loses nothing that was acknowledged.
@Command(
        name = "serve",
        description = {
            "Serves one volume over NBD on a Unix socket, and over TCP with TLS.",
            "",
            "Makes the volume when the directory has none, with room for every byte. Prints one line READY with the"
                    + " address, then serves until it gets SIGTERM.",
            ""
        })
final class VolumeServe implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = Size.class,
            description = "for example 10GiB; needed to make the volume, checked when it exists")
    private @Nullable Bytes size;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            required = true,
            description = "the volume's own directory; made when missing")
    private Path directory = Path.of(".");

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            required = true,
            description = "at most 107 bytes; its directory is made with mode 0700 when missing")
    private Path socket = Path.of(".");

    @Option(
            names = "--export",
            paramLabel = "NAME",
            defaultValue = "volume",
            description = "name of the export, default ${DEFAULT-VALUE}; the empty name works, too")
    private String export = "volume";

    @Option(
            names = "--device",
            paramLabel = "DEV",
            description =
                    "the content is this whole block device, best by its id under /dev/disk; said once, the directory remembers it")
    private @Nullable Path device;

    @Option(
            names = "--wipe",
            description = "a new volume on --device may turn all of it into zeros")
    private boolean wipe;

    @Option(
            names = "--group",
            paramLabel = "GROUP",
            description = "members of this group may connect, too, such as an unprivileged QEMU")
    private @Nullable String group;

    @Option(
            names = "--grow",
            description = "a larger --size than the volume has makes it larger; never smaller")
    private boolean grow;

    @ArgGroup(exclusive = false)
    private @Nullable Tls tls;

    /// All of it, or nothing: there is no TCP without TLS.
    static final class Tls {
        @Option(
                names = "--listen",
                required = true,
                paramLabel = "HOST:PORT",
                description = "also over TCP with TLS 1.3; port 0 takes a free one")
        private String listen = "";

        @Option(
                names = "--tls-cert",
                required = true,
                paramLabel = "PEM",
                description = "this server's certificate, then those up to the authority")
        private Path certificate = Path.of(".");

        @Option(
                names = "--tls-key",
                required = true,
                paramLabel = "PEM",
                description = "its key, PKCS 8, not encrypted")
        private Path key = Path.of(".");

        @Option(
                names = "--tls-ca",
                required = true,
                paramLabel = "PEM",
                description = "the authority: whoever has a certificate from it may connect")
        private Path authority = Path.of(".");

        ServedVolume.Network network() {
            int colon = listen.lastIndexOf(':');
            String host = listen.substring(0, Math.max(0, colon));
            int port;
            try {
                port = Integer.parseInt(listen.substring(colon + 1));
            } catch (NumberFormatException e) {
                port = -1;
            }
            if (host.isEmpty() || port < 0 || port > 65535) {
                throw new IllegalArgumentException(
                        "--listen takes HOST:PORT, for example 10.0.0.5:10809; got " + listen);
            }
            return new ServedVolume.Network(
                    new InetSocketAddress(host, port), new TlsFiles(certificate, key, authority));
        }
    }

    @Option(
            names = "--take-over",
            description = "kill the process that serves this directory now, then serve it")
    private boolean takeOver;

    @Option(
            names = "--iops",
            paramLabel = "N",
            description =
                    "operations per second of all connections together; one for each 256 KiB that a request moves")
    private long iops;

    @Option(
            names = "--bandwidth",
            paramLabel = "SIZE",
            converter = Size.class,
            description = "bytes per second of all connections together, for example 512MiB")
    private @Nullable Bytes bandwidth;

    @Option(
            names = "--encrypt",
            description = "make the volume encrypted: AES-256-XTS, a key of its own")
    private boolean encrypt;

    @Option(
            names = "--integrity",
            description =
                    "make the volume with a checksum for each 4 KiB: a flipped bit is an error")
    private boolean integrity;

    @Option(
            names = "--region-key",
            paramLabel = "FILE",
            description =
                    "the key that locks the volume's key; made when missing, mode 0600, outside of DIR")
    private @Nullable Path regionKey;

    @Option(
            names = "--scrub-rate",
            paramLabel = "SIZE",
            converter = Size.class,
            defaultValue = "16MiB",
            description =
                    "bytes per second at which checksums are looked through, default ${DEFAULT-VALUE}")
    private Bytes scrubRate = Bytes.mebibytes(16);

    @Option(
            names = "--snapshot",
            paramLabel = "NAME",
            defaultValue = "",
            description = "make this snapshot of the volume first, unless it is there")
    private String snapshot = "";

    @Option(
            names = "--dirty-since",
            paramLabel = "NAME",
            defaultValue = "",
            description = "tell what was written since this snapshot, as redoubt:dirty")
    private String dirtySince = "";

    /// Sizes as `Bytes` reads them.
    static final class Size implements ITypeConverter<Bytes> {
        @Override
        public Bytes convert(String value) {
            try {
                return Bytes.parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(String.valueOf(e.getMessage()));
            }
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        Optional<ServedVolume.Network> network = requireUsable();
        Rate rate = rate();
        var wanted =
                new ServedVolume.Wanted(
                        directory.toAbsolutePath().normalize(),
                        socket.toAbsolutePath().normalize(),
                        export,
                        Optional.ofNullable(size),
                        grow,
                        Optional.ofNullable(group),
                        network,
                        takeOver,
                        rate,
                        new Protection(
                                new Sealing(encrypt, integrity),
                                regionKey == null ? null : regionKey.toAbsolutePath().normalize(),
                                scrubRate.value()),
                        new Backing(
                                Optional.ofNullable(device)
                                        .map(path -> path.toAbsolutePath().normalize()),
                                wipe),
                        snapshot,
                        dirtySince);
        ServedVolume served = ServedVolume.start(wanted);
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    served.close();
                                    Runtime.getRuntime().halt(0); // told to end, and did
                                },
                                "stop"));
        System.out.printf(
                "READY nbd+unix:///%s?socket=%s size=%d attachment=%d%s%n",
                export,
                wanted.socket(),
                served.size(),
                served.attachment(),
                served.port() < 0 ? "" : " port=" + served.port());
        System.out.flush();
        new CountDownLatch(1).await(); // the hook ends the process
        return 0;
    }

    private Optional<ServedVolume.Network> requireUsable() {
        try {
            Name.require("export", export);
            if (scrubRate.value() < 1) {
                throw new IllegalArgumentException("--scrub-rate is at least 1; got " + scrubRate);
            }
            if (size != null && (size.value() < 512 || size.value() % 512 != 0)) {
                throw new IllegalArgumentException(
                        "a volume's size is a multiple of 512 bytes, at least 512; got " + size);
            }
            return Optional.ofNullable(tls).map(Tls::network);
        } catch (IllegalArgumentException e) {
            throw wrong(e);
        }
    }

    private Rate rate() {
        try {
            return new Rate(iops, bandwidth == null ? 0 : bandwidth.value());
        } catch (IllegalArgumentException e) {
            throw wrong(e);
        }
    }

    private RuntimeException wrong(IllegalArgumentException e) {
        return spec == null
                ? e
                : new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
}
