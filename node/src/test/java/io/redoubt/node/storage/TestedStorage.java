// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.compute.host.RunAs;
import io.redoubt.core.system.SystemClock;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.AttachmentRaised;
import io.redoubt.protocol.BreakGlassAnswer;
import io.redoubt.protocol.BreakGlassOrder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.protocol.ControlMessage;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.Grant;
import io.redoubt.protocol.GrantRequest;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.protocol.Report;
import io.redoubt.storage.nbd.NbdClient;
import io.redoubt.storage.nbd.SocketAccess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/// A node's storage in a test's own process, over a directory that outlives it, and what a control plane and a guest ask of it.
final class TestedStorage implements AutoCloseable {
    private final Path home;
    private final SSLContext tls;
    private final ScheduledExecutorService control = Executors.newSingleThreadScheduledExecutor();
    private volatile NodeStorage storage;

    TestedStorage(Path home) throws Exception {
        this(home, SSLContext.getDefault());
    }

    /// @param tls the node's name in its region, and what proves it
    TestedStorage(Path home, SSLContext tls) throws Exception {
        this.home = home;
        this.tls = tls;
        storage = start();
    }

    private NodeStorage start() throws Exception {
        var started =
                new NodeStorage(
                        home,
                        new SystemClock(),
                        new StreamDialer(tls),
                        access(),
                        new TemplateImages(home.resolve("cache")),
                        "127.0.0.1");
        started.start();
        return started;
    }

    /// QEMU never runs as root.
    static Optional<RunAs> account() {
        return RunAs.currentUid() == 0 ? Optional.of(RunAs.user("nobody")) : Optional.empty();
    }

    private static SocketAccess access() {
        return account().isPresent() ? SocketAccess.group("nogroup") : SocketAccess.OWNER;
    }

    /// Its directory's, and in the tests with two nodes also the one in its certificate.
    String name() {
        return home.getFileName().toString();
    }

    void restart() throws Exception {
        restart(() -> {});
    }

    interface Meanwhile {
        void happens() throws Exception;
    }

    /// What is on its disk may be changed while it is closed.
    void restart(Meanwhile meanwhile) throws Exception {
        storage.close();
        meanwhile.happens();
        storage = start();
    }

    /// Where it takes streams since its last start.
    String address() {
        return "127.0.0.1:" + storage.port();
    }

    Report report() {
        var report = Report.newBuilder();
        storage.report(report, new SystemClock());
        return report.build();
    }

    NodeStorage storage() {
        return storage;
    }

    BreakGlassAnswer breakGlass(BreakGlassOrder order) {
        return storage.promoteWithoutControl(order);
    }

    CommandResult.Builder carryOut(Command.Builder command) {
        return storage.carryOut(command.build());
    }

    void ensure(EnsureVolume.Builder volume) {
        var _ = carryOut(Command.newBuilder().setEnsureVolume(volume));
    }

    AttachmentRaised raise(String volume, long number, String nonce) {
        var wanted =
                RaiseAttachment.newBuilder()
                        .setVolume(volume)
                        .setHolder("machine")
                        .setAttachment(Attachment.newBuilder().setNumber(number).setNonce(nonce));
        return carryOut(Command.newBuilder().setRaiseAttachment(wanted)).getAttachmentRaised();
    }

    static NbdClient connect(AttachmentRaised raised) {
        return NbdClient.connect(Path.of(raised.getSocket()), raised.getExportName());
    }

    /// From now on every request for a grant is met at once, as by a control plane that has nothing against it: the receiver is not the only
    /// one whose word lets guests write.
    void grantedByControl() {
        var _ =
                control.scheduleWithFixedDelay(
                        () ->
                                storage.grantRequests().stream()
                                        .map(TestedStorage::granted)
                                        .forEach(storage::answered),
                        0,
                        500,
                        TimeUnit.MILLISECONDS);
    }

    private static ControlMessage granted(GrantRequest request) {
        var grant =
                Grant.newBuilder()
                        .setGroup(request.getGroup())
                        .setNonce(request.getNonce())
                        .setTerm(request.getTerm());
        return ControlMessage.newBuilder().setGrant(grant).build();
    }

    @Override
    public void close() throws IOException {
        control.shutdownNow();
        storage.close();
    }
}
