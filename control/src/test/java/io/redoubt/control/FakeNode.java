// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.StreamObserver;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.core.grant.Isolation;
import io.redoubt.core.grant.SourceEnd;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.AttachmentRaised;
import io.redoubt.protocol.ByteRange;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.protocol.ControlMessage;
import io.redoubt.protocol.CountLoss;
import io.redoubt.protocol.DatastoreReport;
import io.redoubt.protocol.DifferentBlock;
import io.redoubt.protocol.EnrolmentGrpc;
import io.redoubt.protocol.EnsureMachine;
import io.redoubt.protocol.Fault;
import io.redoubt.protocol.FreezeFailure;
import io.redoubt.protocol.GrantRequest;
import io.redoubt.protocol.GroupVerified;
import io.redoubt.protocol.GuestsFrozen;
import io.redoubt.protocol.GuestsThawed;
import io.redoubt.protocol.Hello;
import io.redoubt.protocol.HydrationReport;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.JoinReply;
import io.redoubt.protocol.JoinRequest;
import io.redoubt.protocol.LossCounted;
import io.redoubt.protocol.MachineReport;
import io.redoubt.protocol.MachineState;
import io.redoubt.protocol.MachineStopped;
import io.redoubt.protocol.NodeGatewayGrpc;
import io.redoubt.protocol.NodeMessage;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.Point;
import io.redoubt.protocol.PointTaken;
import io.redoubt.protocol.PromoteReceiver;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.ReceiverPromoted;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.ReplicationState;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.SetLimits;
import io.redoubt.protocol.SourceProtected;
import io.redoubt.protocol.SourceReleased;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.SourceVolumeReport;
import io.redoubt.protocol.StopMachine;
import io.redoubt.protocol.StopManner;
import io.redoubt.protocol.StopMode;
import io.redoubt.protocol.TakePoint;
import io.redoubt.protocol.Unprotect;
import io.redoubt.protocol.UnshippedTold;
import io.redoubt.protocol.VerifyGroup;
import io.redoubt.protocol.VolumeDelta;
import io.redoubt.protocol.VolumeLoss;
import io.redoubt.protocol.VolumeReport;
import io.redoubt.protocol.VolumeState;
import io.redoubt.protocol.Welcome;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;

/// A node that is played: it speaks the real protocol, keeps the rules of roles and grants, and moves no block.
public final class FakeNode implements AutoCloseable {
    private static final int TICK_MILLIS = 200;
    private static final GrantTimes TIMES = GrantTimes.DEFAULT;

    public final String id;
    final String zone;
    final String name;
    final List<Command> heard = new CopyOnWriteArrayList<>();
    public final Map<String, VolumeReport> volumes = new ConcurrentHashMap<>();
    public final Map<String, MachineState> machines = new ConcurrentHashMap<>();
    final Map<String, EnsureMachine> descriptions = new ConcurrentHashMap<>();
    final Map<String, SetLimits> limits = new ConcurrentHashMap<>(); // by datastore
    final Map<String, DatastoreReport> datastores = new ConcurrentHashMap<>();
    final Map<String, Source> sources = new ConcurrentHashMap<>();
    final Map<String, Receiver> receivers = new ConcurrentHashMap<>();
    final Map<String, OpenView> views = new ConcurrentHashMap<>();
    public final FakeSnapshots snapshots = new FakeSnapshots();

    /// Commands that are refused, as a fault code.
    volatile Map<Command.CommandCase, String> refused = Map.of();

    /// Commands that are heard and not answered.
    volatile Predicate<Command> deaf = _ -> false;

    /// Commands that are carried out, and their answer is lost.
    volatile Predicate<Command> mute = _ -> false;

    /// Is told of each cut that it makes.
    volatile BiConsumer<TakePoint, Long> cuts = (_, _) -> {};

    volatile boolean guestsAnswer = true;

    /// What it says of a volume that it is to copy.
    volatile HydrationState hydrates = HydrationState.HYDRATION_COPYING;

    /// The last write of each of its volumes when it releases, and of each volume that a point published here holds.
    volatile long written = 7;

    /// Volumes that no point published here holds.
    volatile List<String> uncounted = List.of();

    /// Where it says that it takes streams.
    volatile String takesStreamsAt = "127.0.0.1:1";

    /// It reports at every so many of its ticks: five a second of a hundred groups would be more than the control plane is made for.
    volatile int reportsEvery = 1;

    /// Whether it is the coordinator of its groups; of several sources only one should be.
    volatile boolean makesCuts = true;

    /// Why it freezes none of its guests, and why it is not sure that they were frozen when it thaws them; "" when it is.
    volatile String freezeFails = "";

    volatile String thawDoubts = "";

    /// What it holds frozen.
    final Set<String> frozen = ConcurrentHashMap.newKeySet();

    final AtomicInteger freezes = new AtomicInteger();

    /// The number of the next point that it cuts when it is asked for one.
    final AtomicLong nextCut = new AtomicLong(1000);

    String bootId = UUID.randomUUID().toString();

    private final String address;
    private final Path ca;
    private final String certificate;
    private final String key;
    private final AtomicLong nonces = new AtomicLong();
    private final ScheduledExecutorService ticker =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon(true).name("fake-node").factory());
    private volatile Welcome bound = Welcome.getDefaultInstance();
    private @Nullable ManagedChannel channel;
    private volatile @Nullable StreamObserver<NodeMessage> out;
    volatile @Nullable Throwable ended;
    private volatile @Nullable Incoming current;
    private long ticks; // of the ticker alone

    /// @param holder the real rule of when a source may acknowledge
    record Source(ProtectSource told, GrantHolder holder) {
        long term() {
            return told.getTerm();
        }

        List<ProtectedVolume> volumes() {
            return told.getVolumesList();
        }
    }

    static final class Receiver {
        volatile long term;
        final Grantor grantor;
        final FakeJournal journal = new FakeJournal();
        final TreeMap<Long, Point> points = journal.points;
        final ProtectReceiver told;

        Receiver(ProtectReceiver told) {
            this.told = told;
            this.term = told.getTerm();
            this.grantor = new Grantor(TIMES, term, false, false, System.nanoTime());
        }
    }

    static final long VERIFIED_BYTES = 1 << 20;

    /// Of each volume, behind the point at a receiver and above its last at a source.
    static final int LOST_WRITES = 3;

    private final Set<String> verifying = ConcurrentHashMap.newKeySet();

    /// The volume of which a verification finds a block that differs, "" for none.
    volatile String different = "";

    /// It was told to ship that block once more.
    volatile boolean repaired;

    FakeNode(
            String id,
            String address,
            Path ca,
            String certificate,
            String key,
            String zone,
            String name) {
        this.id = id;
        this.address = address;
        this.ca = ca;
        this.certificate = certificate;
        this.key = key;
        this.zone = zone;
        this.name = name;
        var _ =
                ticker.scheduleAtFixedRate(
                        this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    static FakeNode join(String address, Path ca, String token, String zone, String name)
            throws Exception {
        KeyPair pair = keyPair();
        ManagedChannel channel =
                Grpc.newChannelBuilder(
                                address,
                                TlsChannelCredentials.newBuilder()
                                        .trustManager(ca.toFile())
                                        .build())
                        .build();
        try {
            JoinReply reply =
                    EnrolmentGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(20, TimeUnit.SECONDS)
                            .join(
                                    JoinRequest.newBuilder()
                                            .setToken(token)
                                            .setCsrPem(request(pair))
                                            .setZone(zone)
                                            .setNodeName(name)
                                            .build());
            return new FakeNode(
                    reply.getNode(),
                    address,
                    ca,
                    reply.getCertificatePem(),
                    pem("PRIVATE KEY", pair.getPrivate().getEncoded()),
                    zone,
                    name);
        } finally {
            channel.shutdownNow();
        }
    }

    static KeyPair keyPair() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        return generator.generateKeyPair();
    }

    static String request(KeyPair pair) throws Exception {
        var builder =
                new JcaPKCS10CertificationRequestBuilder(
                        new X500Principal("CN=whatever"), pair.getPublic());
        return pem(
                "CERTIFICATE REQUEST",
                builder.build(
                                new JcaContentSignerBuilder("SHA256withECDSA")
                                        .build(pair.getPrivate()))
                        .getEncoded());
    }

    static String pem(String what, byte[] encoded) {
        return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
                .formatted(
                        what,
                        Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded),
                        what);
    }

    private LossCounted lost(CountLoss count) {
        var answer = LossCounted.newBuilder().setComplete(true);
        boolean asSource = count.getAboveCount() > 0;
        List<ProtectedVolume> volumes =
                asSource
                        ? Objects.requireNonNull(sources.get(count.getGroup())).volumes()
                        : receiver(count.getGroup()).told.getVolumesList();
        for (ProtectedVolume volume : volumes) {
            boolean asked = !asSource || count.getAboveOrDefault(volume.getVolume(), 0) == 77;
            answer.addVolumes(
                    VolumeLoss.newBuilder()
                            .setVolume(volume.getVolume())
                            .setWrites(asked ? LOST_WRITES : 0)
                            .setBytes(LOST_WRITES * 4096L)
                            .setThrough(77)
                            .setMissingBytes(8192));
        }
        return answer.build();
    }

    public void connect() throws IOException {
        connect(id);
    }

    /// @param claimed what Hello says
    void connect(String claimed) throws IOException {
        ended = null;
        ManagedChannel opened =
                Grpc.newChannelBuilder(
                                address,
                                TlsChannelCredentials.newBuilder()
                                        .trustManager(ca.toFile())
                                        .keyManager(stream(certificate), stream(key))
                                        .build())
                        .build();
        channel = opened;
        var incoming = new Incoming();
        current = incoming;
        StreamObserver<NodeMessage> stream = NodeGatewayGrpc.newStub(opened).session(incoming);
        stream.onNext(
                NodeMessage.newBuilder()
                        .setHello(
                                Hello.newBuilder()
                                        .setNode(claimed)
                                        .setZone(zone)
                                        .setBootId(bootId)
                                        .setProcessNonce(UUID.randomUUID().toString())
                                        .setReplicationAddress(takesStreamsAt)
                                        .setHome("/nowhere/" + name)
                                        .setPid(ProcessHandle.current().pid())
                                        .setBoundIncarnation(bound.getIncarnation())
                                        .setBoundLife(bound.getLife()))
                        .build());
        out = stream;
    }

    /// As a killed process: no goodbye.
    public void die() {
        out = null;
        current = null;
        ManagedChannel open = channel;
        if (open != null) {
            open.shutdownNow();
        }
    }

    /// A person promotes this side while there is no control plane.
    void breakGlass(String group, String volume, long term, String word) {
        Receiver receiver = receiver(group);
        boolean _ = receiver.grantor.stop(term);
        boolean _ = receiver.grantor.promote(term, SourceEnd.RELEASED, System.nanoTime());
        OpenView view = FakeViews.brokenGlass(group, volume, term, receiver.points.lastKey(), word);
        views.put(view.getView(), view);
    }

    /// As if its host had booted anew.
    void forgetGrants(String group) {
        sources.computeIfPresent(
                group,
                (_, before) ->
                        new Source(before.told(), new GrantHolder(TIMES, before.holder().term())));
    }

    void publish(String group, long number, long stampMillis, String tag) {
        Receiver receiver = Objects.requireNonNull(receivers.get(group));
        var vseqs = new HashMap<String, Long>();
        receiver.told.getVolumesList().stream()
                .filter(volume -> !uncounted.contains(volume.getVolume()))
                .forEach(volume -> vseqs.put(volume.getVolume(), written));
        synchronized (receiver.points) {
            receiver.points.put(
                    number,
                    Point.newBuilder()
                            .putAllVseqs(vseqs)
                            .setNumber(number)
                            .setStampMillis(stampMillis)
                            .setTag(tag)
                            .setName(tag)
                            .setPublishedAtMillis(System.currentTimeMillis())
                            .build());
        }
    }

    GrantHolder.Standing standing(String group) {
        return Objects.requireNonNull(sources.get(group)).holder().standing(System.nanoTime());
    }

    /// Whether it was told of the group and not yet that it is over.
    public boolean takesPart(String group) {
        return sources.containsKey(group) || receivers.containsKey(group);
    }

    boolean heard(Command.CommandCase kind) {
        return heard.stream().anyMatch(command -> command.getCommandCase() == kind);
    }

    private void tick() {
        StreamObserver<NodeMessage> stream = out;
        if (stream == null) {
            return;
        }
        try {
            if (ticks++ % reportsEvery == 0) {
                send(NodeMessage.newBuilder().setReport(report()).build());
            }
            sources.forEach((group, source) -> ask(group, source));
        } catch (RuntimeException e) {
            broke(e);
        }
    }

    /// Half of it is compared when it is asked for the first time, all of it the second time.
    private GroupVerified verify(VerifyGroup wanted) {
        boolean finished = !verifying.add(wanted.getId());
        var said =
                GroupVerified.newBuilder()
                        .setTotalBytes(VERIFIED_BYTES)
                        .setComparedBytes(finished ? VERIFIED_BYTES : VERIFIED_BYTES / 2)
                        .setFinished(finished);
        if (finished && !different.isEmpty()) {
            said.setDifferentBytes(4096)
                    .addDifferent(
                            DifferentBlock.newBuilder()
                                    .setVolume(different)
                                    .setOffset(8192)
                                    .setLength(4096)
                                    .setVseq(77));
            repaired = wanted.getRepair();
        }
        return said.build();
    }

    /// The first word counts: what follows it only says that the stream is over.
    private void broke(RuntimeException e) {
        if (ended == null) {
            ended = e;
        }
    }

    private void ask(String group, Source source) {
        long nonce = nonces.incrementAndGet();
        source.holder().requested(GrantorKind.CONTROL, nonce, System.nanoTime());
        send(
                NodeMessage.newBuilder()
                        .setGrantRequest(
                                GrantRequest.newBuilder()
                                        .setGroup(group)
                                        .setNonce(nonce)
                                        .setTerm(source.holder().term())
                                        .setBootId(bootId))
                        .build());
    }

    private Report report() {
        var report =
                Report.newBuilder()
                        .setAtMillis(System.currentTimeMillis())
                        .setIncarnation(bound.getIncarnation());
        report.addAllVolumes(volumes.values()).addAllDatastores(datastores.values());
        machines.forEach((machine, state) -> report.addMachines(machine(machine, state)));
        sources.forEach((group, source) ->
                report.addSources(source(group, source).setMakesCuts(makesCuts)));
        receivers.forEach((group, receiver) ->
                report.addReceivers(
                        receiver(group, receiver).addAllLiveViews(FakeViews.live(views, group))));
        return report.build();
    }

    private MachineReport machine(String machine, MachineState state) {
        boolean process =
                state == MachineState.MACHINE_RUNNING || state == MachineState.MACHINE_PAUSED;
        boolean ready = state == MachineState.MACHINE_RUNNING && guestsAnswer;
        return MachineReport.newBuilder()
                .setMachine(machine)
                .setState(state)
                .setQemuPid(process ? 4711 : 0)
                .setSerialLog("/nowhere/" + machine)
                .setGuestReadyMillis(ready ? System.currentTimeMillis() : 0)
                .build();
    }

    private static SourceReport.Builder source(String group, Source source) {
        var report =
                SourceReport.newBuilder()
                        .setGroup(group)
                        .setTerm(source.holder().term())
                        .setReleased(source.holder().releasedTerm() >= source.term())
                        .setReceiverAddress(source.told().getReceiverAddress())
                        .addAllPeers(source.told().getPeersList())
                        .setBytesPerSecond(source.told().getBytesPerSecond())
                        .setMembership(source.told().getMembership())
                        .setBytesBehind(4096)
                        .setCutsGivenUp(3)
                        .setIsolation(told(source.holder().isolation()))
                        .setAlone(source.holder().alone(System.nanoTime()))
                        .setSpoolBytes(8192);
        for (ProtectedVolume volume : source.volumes()) {
            report.addVolumes(
                    SourceVolumeReport.newBuilder()
                            .setVolume(volume.getVolume())
                            .setState(ReplicationState.STREAM)
                            .setSinceMillis(1)
                            .setSpoolBytes(8192)
                            .setSpoolQuotaBytes(1 << 20)
                            .setCopiedInMillis(0)
                            .setSpoolFullInMillis(90_000));
        }
        return report;
    }

    private static Isolation isolation(io.redoubt.protocol.Isolation told) {
        return new Isolation(told.getVersion(), told.getGoesOn());
    }

    private static io.redoubt.protocol.Isolation told(Isolation isolation) {
        return io.redoubt.protocol.Isolation.newBuilder()
                .setVersion(isolation.version())
                .setGoesOn(isolation.goesOn())
                .build();
    }

    private static SourceEnd end(PromoteReceiver promote) {
        if (promote.getSourceReleased()) {
            return SourceEnd.RELEASED;
        }
        return promote.getSourceOff() ? SourceEnd.OFF_BY_WORD : SourceEnd.UNHEARD;
    }

    private static ReceiverReport.Builder receiver(String group, Receiver receiver) {
        var report =
                ReceiverReport.newBuilder()
                        .setGroup(group)
                        .setTerm(Math.max(receiver.term, receiver.grantor.term()))
                        .setStopped(receiver.grantor.stopped())
                        .setPromoted(receiver.grantor.promoted())
                        .setMembership(receiver.told.getMembership())
                        .setIsolation(told(receiver.grantor.isolation()));
        synchronized (receiver.points) {
            if (!receiver.points.isEmpty()) {
                report.addAllCountedVolumes(
                        receiver.points.lastEntry().getValue().getVseqsMap().keySet());
            }
        }
        receiver.journal.report(report);
        return report;
    }

    private final class Incoming implements StreamObserver<ControlMessage> {
        @Override
        public void onNext(ControlMessage message) {
            switch (message.getMessageCase()) {
                case COMMAND -> Thread.ofVirtual().start(() -> carryOut(message.getCommand()));
                case GRANT ->
                        answered(
                                message.getGrant().getGroup(),
                                message.getGrant().getNonce(),
                                new GrantAnswer.Granted(message.getGrant().getTerm()));
                case GRANT_REFUSED ->
                        answered(
                                message.getGrantRefused().getGroup(),
                                message.getGrantRefused().getNonce(),
                                new GrantAnswer.Refused(
                                        message.getGrantRefused().getTerm(),
                                        reason(message.getGrantRefused().getReason().name())));
                case WELCOME -> bound = message.getWelcome();
                case MESSAGE_NOT_SET -> {}
            }
        }

        private void answered(String group, long nonce, GrantAnswer answer) {
            Source source = sources.get(group);
            if (source != null) {
                source.holder().answered(GrantorKind.CONTROL, nonce, answer);
            }
        }

        @Override
        public void onError(Throwable error) {
            if (current == this) {
                ended = error;
                out = null;
            }
        }

        @Override
        public void onCompleted() {
            if (current == this) {
                out = null;
            }
        }
    }

    private static GrantAnswer.Reason reason(String name) {
        return name.equals("UNKNOWN_GROUP")
                ? GrantAnswer.Reason.OLD_TERM
                : GrantAnswer.Reason.valueOf(name);
    }

    void carryOut(Command command) {
        heard.add(command);
        if (deaf.test(command)) {
            return;
        }
        var result = CommandResult.newBuilder().setCommandId(command.getId());
        String code =
                command.hasTakePoint() && !makesCuts
                        ? "not-coordinator"
                        : refused.get(command.getCommandCase());
        if (code != null) {
            result.setFault(
                    Fault.newBuilder()
                            .setCode(code)
                            .setMessage("the node says " + code)
                            .setRemedy("Do something else."));
        } else {
            obey(command, result);
            result.setOk(!result.hasFault());
        }
        if (mute.test(command)) {
            return;
        }
        try {
            send(NodeMessage.newBuilder().setCommandResult(result).build());
        } catch (RuntimeException e) {
            broke(e);
        }
    }

    private void obey(Command command, CommandResult.Builder result) {
        switch (command.getCommandCase()) {
            case ENSURE_POOL, DELETE_POOL, ENSURE_DATASTORE, DELETE_DATASTORE -> {}
            case ENSURE_VOLUME ->
                    volume(command.getEnsureVolume().getVolume(), Attachment.getDefaultInstance());
            case SET_LIMITS ->
                    limits.put(command.getSetLimits().getDatastore(), command.getSetLimits());
            case DELETE_VOLUME -> volumes.remove(command.getDeleteVolume().getVolume());
            case RAISE_ATTACHMENT -> {
                volume(
                        command.getRaiseAttachment().getVolume(),
                        command.getRaiseAttachment().getAttachment());
                result.setAttachmentRaised(
                        AttachmentRaised.newBuilder()
                                .setAttachment(command.getRaiseAttachment().getAttachment()));
            }
            case ENSURE_MACHINE -> {
                EnsureMachine machine = command.getEnsureMachine();
                descriptions.put(machine.getMachine(), machine);
                machines.put(
                        machine.getMachine(),
                        machine.getPaused()
                                ? MachineState.MACHINE_PAUSED
                                : MachineState.MACHINE_RUNNING);
            }
            case RESUME_MACHINE ->
                    machines.put(
                            command.getResumeMachine().getMachine(), MachineState.MACHINE_RUNNING);
            case STOP_MACHINE -> result.setMachineStopped(stop(command.getStopMachine()));
            case DELETE_MACHINE -> {
                machines.remove(command.getDeleteMachine().getMachine());
                descriptions.remove(command.getDeleteMachine().getMachine());
            }
            case PROTECT_SOURCE -> {
                var protect = command.getProtectSource();
                if (membershipAt(protect.getGroup()) > protect.getMembership()) {
                    FakeJournal.refuse(result, "old-membership");
                    break;
                }
                sources.compute(
                        protect.getGroup(),
                        (_, before) ->
                                new Source(
                                        protect,
                                        before != null && before.term() == protect.getTerm()
                                                ? before.holder()
                                                : new GrantHolder(TIMES, protect.getTerm())));
                Objects.requireNonNull(sources.get(protect.getGroup()))
                        .holder()
                        .isolation(isolation(protect.getIsolation()));
                result.setSourceProtected(
                        SourceProtected.newBuilder().setCompared(protect.getDelta().getUnknown()));
            }
            case COUNT_LOSS -> result.setLossCounted(lost(command.getCountLoss()));
            case TELL_UNSHIPPED -> {
                var told = UnshippedTold.newBuilder();
                Objects.requireNonNull(sources.get(command.getTellUnshipped().getGroup()))
                        .volumes()
                        .forEach(volume ->
                                told.addVolumes(
                                        VolumeDelta.newBuilder()
                                                .setOldVolume(volume.getVolume())
                                                .addUnshipped(
                                                        ByteRange.newBuilder()
                                                                .setOffset(4096)
                                                                .setLength(4096))));
                result.setUnshippedTold(told);
            }
            case PROTECT_RECEIVER -> {
                var protect = command.getProtectReceiver();
                Receiver before = receivers.get(protect.getGroup());
                if (before != null && !before.told.getLineage().equals(protect.getLineage())) {
                    FakeJournal.refuse(result, "other-journal");
                    break;
                }
                if (before != null && before.told.getMembership() > protect.getMembership()) {
                    FakeJournal.refuse(result, "old-membership");
                    break;
                }
                var now = new Receiver(protect);
                protect.getAdoptedList().forEach(each -> volumes.remove(each.getHere()));
                if (protect.getAdoptedCount() > 0) {
                    sources.remove(protect.getGroup());
                }
                if (before != null && before.told.getLineage().equals(protect.getLineage())) {
                    now.journal.become(before.journal);
                    now.grantor.isolation(before.grantor.isolation());
                }
                now.grantor.isolation(isolation(protect.getIsolation()));
                receivers.put(protect.getGroup(), now);
            }
            case UNPROTECT -> {
                if (isViewed(command.getUnprotect().getGroup())) {
                    FakeJournal.refuse(result, "in-use");
                    break;
                }
                unprotect(command.getUnprotect(), result);
            }
            case FREEZE_GUESTS -> {
                freezes.incrementAndGet();
                frozen.add(command.getFreezeGuests().getId());
                result.setGuestsFrozen(
                        GuestsFrozen.newBuilder()
                                .addAllFailures(
                                        unfrozen(
                                                command.getFreezeGuests().getMachinesList(),
                                                freezeFails)));
            }
            case THAW_GUESTS -> {
                boolean held = frozen.remove(command.getThawGuests().getId());
                result.setGuestsThawed(
                        GuestsThawed.newBuilder()
                                .addAllFailures(
                                        unfrozen(
                                                command.getThawGuests().getMachinesList(),
                                                held ? thawDoubts : "it does not know")));
            }
            case LABEL_POINT -> {
                var label = command.getLabelPoint();
                receiver(label.getGroup()).journal.label(label, result);
            }
            case TAKE_POINT -> {
                long number = nextCut.getAndIncrement();
                cuts.accept(command.getTakePoint(), number);
                result.setPointTaken(PointTaken.newBuilder().setNumber(number).setStampMillis(1));
            }
            case DELETE_POINT -> {
                var point = command.getDeletePoint();
                receiver(point.getGroup()).journal.delete(point.getNumber(), result);
            }
            case VERIFY_GROUP -> result.setGroupVerified(verify(command.getVerifyGroup()));
            case LIST_POINTS -> {
                var list = command.getListPoints();
                receiver(list.getGroup()).journal.list(list.getAfter(), list.getLimit(), result);
            }
            case PROTECT_POINT -> {
                var point = command.getProtectPoint();
                receiver(point.getGroup()).journal.protect(point, result);
            }
            case SET_RETENTION -> {
                var set = command.getSetRetention();
                receiver(set.getGroup()).journal.retain(set, result);
            }
            case STOP_GRANTS -> {
                Receiver receiver = receiver(command.getStopGrants().getGroup());
                receiver.grantor.stop(command.getStopGrants().getTerm());
                receiver.term = command.getStopGrants().getTerm();
            }
            case RELEASE_SOURCE -> {
                Source source = sources.get(command.getReleaseSource().getGroup());
                boolean released =
                        source != null
                                && source.holder().release(command.getReleaseSource().getTerm());
                var answer = SourceReleased.newBuilder().setReleased(released);
                if (source != null) {
                    source.volumes()
                            .forEach(volume -> answer.putVseqs(volume.getVolume(), written));
                }
                result.setSourceReleased(answer);
            }
            case PROMOTE_RECEIVER -> {
                var promote = command.getPromoteReceiver();
                Receiver receiver = receiver(promote.getGroup());
                SourceEnd end = end(promote);
                if (receiver.grantor.needsWord(end)) {
                    FakeJournal.refuse(result, "source-may-go-on");
                    break;
                }
                while (!receiver.grantor.promote(promote.getTerm(), end, System.nanoTime())) {
                    sleep();
                }
                result.setReceiverPromoted(ReceiverPromoted.getDefaultInstance());
            }
            case ROLL_BACK_RECEIVER -> {
                var rollBack = command.getRollBackReceiver();
                Receiver receiver = receiver(rollBack.getGroup());
                if (receiver.journal.committed > 0) {
                    FakeJournal.refuse(result, "committed");
                    break;
                }
                if (rollBack.getPreview()) {
                    break;
                }
                if (isViewed(rollBack.getGroup())) {
                    throw new IllegalStateException("a live view is open");
                }
                boolean _ = receiver.grantor.takeBack(rollBack.getTerm());
                receiver.term = rollBack.getTerm();
            }
            case COMMIT_RECEIVER -> {
                var commit = command.getCommitReceiver();
                receiver(commit.getGroup()).journal.committed = commit.getPoint();
            }
            case DROP_JOURNAL -> {
                var drop = command.getDropJournal();
                Receiver receiver = receivers.get(drop.getGroup());
                if (isViewed(drop.getGroup())) {
                    FakeJournal.refuse(result, "in-use");
                } else if (receiver != null
                        && receiver.told.getLineage().equals(drop.getLineage())) {
                    receivers.remove(drop.getGroup());
                }
            }
            case OPEN_VIEW -> {
                OpenView open = command.getOpenView();
                views.put(open.getView(), open);
                open.getVolumesList()
                        .forEach(view -> {
                            volume(view.getViewVolume(), view.getAttachment());
                            volumes.computeIfPresent(
                                    view.getViewVolume(),
                                    (_, told) -> told.toBuilder().setView(open.getView()).build());
                        });
            }
            case CLOSE_VIEW -> {
                OpenView view = views.remove(command.getCloseView().getView());
                if (view != null) {
                    view.getVolumesList().forEach(volume -> volumes.remove(volume.getViewVolume()));
                }
            }
            case CREATE_SNAPSHOT, DELETE_SNAPSHOT, REVERT_SNAPSHOT, LIST_SNAPSHOTS, LIST_CHANGES ->
                    snapshots.obey(command, result);
            case HYDRATE_VOLUME -> {
                String volume = command.getHydrateVolume().getVolume();
                result.setHydration(copying(volume, hydrates, ""));
            }
            case COMMAND_NOT_SET -> throw new IllegalStateException("a command of a newer release");
        }
    }

    private static List<FreezeFailure> unfrozen(List<String> machines, String why) {
        return why.isEmpty()
                ? List.of()
                : machines.stream()
                        .map(machine ->
                                FreezeFailure.newBuilder()
                                        .setMachine(machine)
                                        .setReason(why)
                                        .build())
                        .toList();
    }

    /// Who was told of later members than the leaving is a member again.
    private void unprotect(Unprotect wanted, CommandResult.Builder result) {
        long left = wanted.getLeftMembership();
        if (left > 0 && membershipAt(wanted.getGroup()) >= left) {
            FakeJournal.refuse(result, "member-again");
            return;
        }
        sources.remove(wanted.getGroup());
        if (left == 0) {
            receivers.remove(wanted.getGroup());
        }
    }

    private long membershipAt(String group) {
        Source source = sources.get(group);
        return source == null ? 0 : source.told().getMembership();
    }

    private MachineStopped stop(StopMachine wanted) {
        boolean pause = wanted.getMode() == StopMode.PAUSE;
        MachineState before = machines.get(wanted.getMachine());
        if (before != null) {
            machines.put(
                    wanted.getMachine(),
                    pause ? MachineState.MACHINE_PAUSED : MachineState.MACHINE_STOPPED);
        }
        if (before == null || before == MachineState.MACHINE_STOPPED) {
            return MachineStopped.newBuilder().setManner(StopManner.WAS_OFF).build();
        }
        boolean byGuest = wanted.getMode() == StopMode.SHUTDOWN && guestsAnswer;
        return MachineStopped.newBuilder()
                .setManner(byGuest ? StopManner.BY_GUEST : StopManner.BY_POWER)
                .build();
    }

    /// What the node reports of a volume's copying from now on.
    HydrationReport copying(String volume, HydrationState state, String trouble) {
        HydrationReport report =
                HydrationReport.newBuilder()
                        .setState(state)
                        .setDoneBytes(16 << 20)
                        .setTotalBytes(64 << 20)
                        .setSecondsLeft(7)
                        .setTrouble(trouble)
                        .build();
        volumes.computeIfPresent(
                volume,
                (_, before) ->
                        before.toBuilder().setHydration(report).setSnapshotBytes(131072).build());
        settle();
        return report;
    }

    /// A live view stands on the group's journal.
    private boolean isViewed(String group) {
        return views.values().stream()
                .anyMatch(view -> view.getGroup().equals(group) && view.hasTerm());
    }

    /// All volumes of a live view are copied: it is no more.
    private void settle() {
        for (OpenView view : List.copyOf(views.values())) {
            boolean whole =
                    view.getVolumesList().stream()
                            .map(member -> volumes.get(member.getViewVolume()))
                            .allMatch(told ->
                                    told != null
                                            && told.getHydration().getState()
                                                    == HydrationState.HYDRATION_COMPLETE);
            if (view.hasTerm() && whole) {
                views.remove(view.getView());
                view.getVolumesList()
                        .forEach(member ->
                                volumes.computeIfPresent(
                                        member.getViewVolume(),
                                        (_, told) -> told.toBuilder().setView("").build()));
            }
        }
    }

    private Receiver receiver(String group) {
        return Objects.requireNonNull(receivers.get(group), group);
    }

    private void volume(String volume, Attachment attachment) {
        volumes.put(
                volume,
                VolumeReport.newBuilder()
                        .setVolume(volume)
                        .setAttachment(attachment)
                        .setState(VolumeState.VOLUME_READY)
                        .build());
    }

    private synchronized void send(NodeMessage message) {
        StreamObserver<NodeMessage> stream = out;
        if (stream != null) {
            stream.onNext(message);
        }
    }

    private static void sleep() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static ByteArrayInputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
    }

    static String read(Path file) throws IOException {
        return Files.readString(file);
    }

    @Override
    public void close() {
        die();
        ticker.shutdownNow();
    }
}
