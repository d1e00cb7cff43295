// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.region;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.database.Rows;
import io.redoubt.control.gateway.Enroller;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.identity.Tokens;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.Name;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Hello;
import io.redoubt.protocol.Report;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/// Zones and nodes: who belongs, who was heard of when.
@Component
public class Region implements NodeListener, Enroller {
    /// A node that said nothing for so long is called silent.
    public static final Duration SILENT_AFTER = Duration.ofSeconds(3);

    private static final Duration TOKEN_LIFE = Duration.ofHours(1);

    private final JdbcClient sql;
    private final TransactionTemplate transactions;
    private final CertificateAuthority authority;
    private final Nodes nodes;

    Region(
            JdbcClient sql,
            TransactionTemplate transactions,
            CertificateAuthority authority,
            Nodes nodes) {
        this.sql = sql;
        this.transactions = transactions;
        this.authority = authority;
        this.nodes = nodes;
    }

    /// A host's daemon as it last described itself.
    public record Node(
            String id,
            String name,
            String zone,
            String home,
            long pid,
            String bootId,
            String replicationAddress,
            @Nullable Instant lastSeenAt) {

        public boolean heardAt(Instant now) {
            return lastSeenAt != null && lastSeenAt.isAfter(now.minus(SILENT_AFTER));
        }
    }

    record JoinToken(String token, String zone, Instant expiresAt) {}

    /// Zones are named by the operator; their name is their id.
    static String zoneName(String text) {
        return Name.require("zone", text.toLowerCase(Locale.ROOT));
    }

    void addZone(String zone) {
        int added =
                sql.sql("insert into zone (id) values (?) on conflict do nothing")
                        .param(zone)
                        .update();
        if (added == 0) {
            throw new FaultException(new Refusal.NameTaken("zone", zone));
        }
    }

    void removeZone(String zone) {
        sql.sql("delete from zone where id = ? and not exists (select from node where zone = ?)")
                .params(zone, zone)
                .update();
    }

    List<String> zones() {
        return sql.sql("select id from zone order by id").query(String.class).list();
    }

    /// @throws FaultException with [Refusal.NotFound]
    public String requireZone(String text) {
        return sql.sql("select id from zone where id = ?")
                .param(text.toLowerCase(Locale.ROOT))
                .query(String.class)
                .optional()
                .orElseThrow(() -> new FaultException(new Refusal.NotFound("zone", text)));
    }

    public List<Node> nodes() {
        return sql.sql("select * from node order by zone, name").query(Region::node).list();
    }

    /// @throws FaultException with [Refusal.NotFound]
    public Node requireNode(String reference) {
        return sql.sql("select * from node where id = ? or name = ?")
                .params(reference, reference)
                .query(Region::node)
                .optional()
                .orElseThrow(() -> new FaultException(new Refusal.NotFound("node", reference)));
    }

    /// A connected node of the zone, the one with the fewest volumes, the youngest of those.
    ///
    /// @throws FaultException with [RegionFault.NoNode]
    public Node place(String zone) {
        return sql
                .sql(
                        "select node.* from node left join volume on volume.node = node.id where node.zone = ?"
                                + " group by node.id order by count(volume.id), node.joined_at desc")
                .param(zone)
                .query(Region::node)
                .list()
                .stream()
                .filter(node -> nodes.connected(node.id()))
                .findFirst()
                .orElseThrow(() -> new FaultException(new RegionFault.NoNode(zone)));
    }

    JoinToken newToken(String zone) {
        String token = Tokens.random();
        Instant expires = Instant.now().plus(TOKEN_LIFE);
        sql.sql("delete from join_token where expires_at < now() - interval '1 day'").update();
        sql.sql("insert into join_token (hash, zone, expires_at) values (?, ?, ?)")
                .params(Tokens.hash(token), zone, Rows.timestamp(expires))
                .update();
        return new JoinToken(token, zone, expires);
    }

    @Override
    public Enrolled join(String token, String certificateRequestPem, String zone, String name) {
        String zoneId = zoneName(zone);
        String nodeName = Name.require("node name", name.toLowerCase(Locale.ROOT));
        return Optional.ofNullable(
                        transactions.execute(_ -> {
                            spend(token, zoneId);
                            String id = enter(zoneId, nodeName);
                            return new Enrolled(
                                    id, authority.sign(certificateRequestPem, id), authority.pem());
                        }))
                .orElseThrow();
    }

    private void spend(String token, String zone) {
        int spent =
                sql.sql(
                                "update join_token set used_at = now() where hash = ? and zone = ? and used_at is null and expires_at > now()")
                        .params(Tokens.hash(token), zone)
                        .update();
        if (spent == 0) {
            throw new FaultException(new RegionFault.TokenRefused());
        }
    }

    private String enter(String zone, String name) {
        return sql.sql(
                        "insert into node (id, name, zone) values (?, ?, ?)"
                                + " on conflict (name) do update set zone = excluded.zone returning id")
                .params(RandomId.next(), name, zone)
                .query(String.class)
                .single();
    }

    @Override
    public void hello(Hello hello) {
        int known =
                sql.sql(
                                "update node set home = ?, pid = ?, boot_id = ?, process_nonce = ?, replication_address = ?, last_seen_at = now() where id = ?")
                        .params(
                                hello.getHome(),
                                hello.getPid(),
                                hello.getBootId(),
                                hello.getProcessNonce(),
                                hello.getReplicationAddress(),
                                hello.getNode())
                        .update();
        if (known == 0) {
            throw new FaultException(new Refusal.NotFound("node", hello.getNode()));
        }
    }

    @Override
    public void report(String node, Report report) {
        sql.sql("update node set last_seen_at = now() where id = ?").param(node).update();
    }

    private static Node node(ResultSet row, int ignored) throws SQLException {
        return new Node(
                row.getString("id"),
                row.getString("name"),
                row.getString("zone"),
                row.getString("home"),
                row.getLong("pid"),
                row.getString("boot_id"),
                row.getString("replication_address"),
                Rows.instant(row, "last_seen_at"));
    }
}
