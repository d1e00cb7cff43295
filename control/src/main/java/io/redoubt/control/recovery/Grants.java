// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.GrantDesk;
import io.redoubt.control.gateway.Mark;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.grant.SourceEnd;
import io.redoubt.core.port.Clock;
import io.redoubt.protocol.ControlMessage;
import io.redoubt.protocol.Grant;
import io.redoubt.protocol.GrantRefusal;
import io.redoubt.protocol.GrantRefused;
import io.redoubt.protocol.GrantRequest;
import io.redoubt.protocol.Hello;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Report;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// The control plane as one of the two grantors of every group (replication design, rules 1, 2 and 4).
///
/// Answers come from memory. Durable before it is acted on, by whoever changes it: the term, stopped, promoted (by the failover), and
/// each source's boot (here, on a change). This start counts as having granted everything a moment ago.
///
/// A group has one grantor for all of its sources: what it says to one of them counts as said to all, so that its expiry covers the latest
/// grant to any. A boot is each source's own.
@Component
class Grants implements GrantDesk, NodeListener {
    private static final Logger LOG = LoggerFactory.getLogger(Grants.class);
    private static final GrantTimes TIMES = GrantTimes.DEFAULT;

    private final JdbcClient sql;
    private final Clock clock;
    private final Incarnation incarnation;
    private final Words words;
    private final Map<String, Desk> desks = new ConcurrentHashMap<>();

    Grants(JdbcClient sql, Clock clock, Incarnation incarnation, Words words) {
        this.sql = sql;
        this.clock = clock;
        this.incarnation = incarnation;
        this.words = words;
        sql.sql("select * from protection_group")
                .query(this::desk)
                .list()
                .forEach(desk -> desks.put(desk.group, desk));
    }

    /// One group. Its lock is its own object.
    private static final class Desk {
        private final String group;
        private final String receiver;
        private final Grantor grantor;
        private final Map<String, String> boots; // that was granted to last, of each source
        private volatile boolean confirmed;

        Desk(String group, String receiver, Grantor grantor, Map<String, String> boots) {
            this.group = group;
            this.receiver = receiver;
            this.grantor = grantor;
            this.boots = boots;
        }
    }

    /// Begins, or begins anew under a later term, from what is durable. Never while it is stopped: a decision that was recorded after the look
    /// would stop the desk of before.
    void open(String group) {
        var _ =
                desks.compute(
                        group,
                        (_, _) -> {
                            Desk desk =
                                    sql.sql("select * from protection_group where id = ?")
                                            .param(group)
                                            .query(this::desk)
                                            .single();
                            // A group that is made now is confirmed: its receiver has just been
                            // told.
                            desk.confirmed = true;
                            return desk;
                        });
    }

    /// Other nodes are its sources than before; what was granted to any stays granted.
    void sources(String group) {
        Desk desk = desks.get(group);
        if (desk != null) {
            synchronized (desk) {
                Map<String, String> now = boots(group);
                desk.boots.keySet().retainAll(now.keySet());
                now.forEach(desk.boots::putIfAbsent);
            }
        }
    }

    void close(String group) {
        desks.remove(group);
    }

    /// After the decision is durable: nothing more is granted.
    void stop(String group, long term) {
        var _ =
                desks.computeIfPresent(
                        group,
                        (_, desk) -> {
                            synchronized (desk) {
                                desk.grantor.stop(term);
                            }
                            return desk;
                        });
    }

    /// Until all that was granted here has expired.
    long expiresInNanos(String group) {
        Desk desk = desks.get(group);
        if (desk == null) {
            return TIMES.expiryNanos(); // nobody knows what was granted: the worst case
        }
        synchronized (desk) {
            return desk.grantor.expiresInNanos(clock.bootNanos());
        }
    }

    /// @return whether the promotion may be recorded: the source released, or all grants of ours have expired
    boolean promote(String group, long term, SourceEnd end) {
        Desk desk = desks.get(group);
        if (desk == null) {
            return false;
        }
        synchronized (desk) {
            return desk.grantor.promote(term, end, clock.bootNanos());
        }
    }

    @Override
    public Mark mark() {
        return incarnation.mark();
    }

    @Override
    public boolean isObeyedBy(Hello hello) {
        return incarnation.isObeyedBy(hello);
    }

    /// The groups to which nothing is granted before their receivers were heard.
    List<String> unconfirmed() {
        return incarnation.restored()
                ? desks.values().stream()
                        .filter(desk -> !desk.confirmed)
                        .map(desk -> desk.group)
                        .sorted()
                        .toList()
                : List.of();
    }

    /// A person has said that the receiver is lost: a new boot of the source is granted to without it.
    void receiverLost(String group) {
        Desk desk = desks.get(group);
        if (desk != null) {
            synchronized (desk) {
                desk.confirmed = true;
            }
        }
    }

    /// A person has said that the control plane before this one is over. What it decided since our database was saved is not known here, so the
    /// roles are heard anew before anything is granted.
    void takeOver() {
        incarnation.takeOver();
        desks.values()
                .forEach(desk -> {
                    synchronized (desk) {
                        desk.confirmed = false;
                    }
                });
    }

    @Override
    public ControlMessage answer(String node, GrantRequest request) {
        Desk desk = desks.get(request.getGroup());
        if (desk == null || !desk.boots.containsKey(node)) {
            return refused(
                    request,
                    0,
                    GrantRefusal.UNKNOWN_GROUP,
                    "this node is not a source of the group");
        }
        synchronized (desk) {
            String unconfirmed = unconfirmed(desk, node, request.getBootId());
            if (unconfirmed != null) {
                return refused(
                        request, desk.grantor.term(), GrantRefusal.BOOT_UNCONFIRMED, unconfirmed);
            }
            return switch (desk.grantor.answer(request.getTerm(), clock.bootNanos())) {
                case GrantAnswer.Granted granted ->
                        ControlMessage.newBuilder()
                                .setGrant(
                                        Grant.newBuilder()
                                                .setGroup(desk.group)
                                                .setNonce(request.getNonce())
                                                .setTerm(granted.term())
                                                .setIncarnation(incarnation.mark().incarnation())
                                                .setLengthMillis(
                                                        (int) (TIMES.lengthNanos() / 1_000_000)))
                                .build();
                case GrantAnswer.Refused refused ->
                        refused(
                                request,
                                refused.term(),
                                reason(refused.reason()),
                                "term %d is current".formatted(refused.term()));
            };
        }
    }

    /// A receiver that reports the term that we know confirms the roles to this start of ours, once its node obeys it: from then on it takes no
    /// decision of an older one. One that knows a later decision ends our grants at once; [Adoptions] looks what that was.
    @Override
    public void report(String node, Report report) {
        if (report.getIncarnation() != incarnation.mark().incarnation()) {
            return;
        }
        for (ReceiverReport receiver : report.getReceiversList()) {
            Desk desk = desks.get(receiver.getGroup());
            if (desk != null && desk.receiver.equals(node)) {
                synchronized (desk) {
                    if (receiver.getTerm() == desk.grantor.term()) {
                        desk.confirmed = true;
                    } else if (receiver.getTerm() > desk.grantor.term()) {
                        boolean _ = desk.grantor.stop(receiver.getTerm());
                    }
                }
            }
        }
    }

    /// Promoted and stopped groups get their real answer first: it tells a source that comes back what it is.
    private @Nullable String unconfirmed(Desk desk, String node, String boot) {
        if (desk.grantor.stopped() || desk.grantor.promoted()) {
            return null;
        }
        if (incarnation.restored() && !desk.confirmed) {
            return "the control plane was restored, and the receiver has not confirmed its role yet";
        }
        if (boot.equals(desk.boots.get(node))) {
            return null;
        }
        if (!desk.confirmed) {
            return "this boot of the source is new, and the receiver has not confirmed its role yet";
        }
        return remember(desk, node, boot)
                ? null
                : "this boot of the source is new and cannot be recorded now";
    }

    /// The one write among the every-second traffic, once for each boot of a source.
    private boolean remember(Desk desk, String node, String boot) {
        try {
            sql.sql("update group_source set granted_boot = ? where group_id = ? and node = ?")
                    .params(boot, desk.group, node)
                    .update();
            desk.boots.put(node, boot);
            return true;
        } catch (RuntimeException e) {
            LOG.warn("group {}: the source's new boot cannot be recorded", desk.group, e);
            return false;
        }
    }

    private static GrantRefusal reason(GrantAnswer.Reason reason) {
        return switch (reason) {
            case STOPPED -> GrantRefusal.STOPPED;
            case PROMOTED -> GrantRefusal.PROMOTED;
            case BOOT_UNCONFIRMED -> GrantRefusal.BOOT_UNCONFIRMED;
            case OLD_TERM -> GrantRefusal.OLD_TERM;
        };
    }

    private static ControlMessage refused(
            GrantRequest request, long term, GrantRefusal reason, String message) {
        return ControlMessage.newBuilder()
                .setGrantRefused(
                        GrantRefused.newBuilder()
                                .setGroup(request.getGroup())
                                .setNonce(request.getNonce())
                                .setTerm(term)
                                .setReason(reason)
                                .setMessage(message))
                .build();
    }

    private Desk desk(ResultSet row, int ignored) throws SQLException {
        String group = row.getString("id");
        var desk =
                new Desk(
                        group,
                        row.getString("receiver_node"),
                        new Grantor(
                                TIMES,
                                row.getLong("term"),
                                row.getBoolean("stopped"),
                                row.getBoolean("promoted"),
                                clock.bootNanos()),
                        boots(group));
        desk.confirmed = words.receiverLost(group);
        return desk;
    }

    private Map<String, String> boots(String group) {
        var boots = new ConcurrentHashMap<String, String>();
        sql.sql("select node, granted_boot from group_source where group_id = ?")
                .param(group)
                .query(row -> {
                    boots.put(row.getString("node"), row.getString("granted_boot"));
                });
        return boots;
    }
}
