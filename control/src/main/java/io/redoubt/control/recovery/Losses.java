// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CountLoss;
import io.redoubt.protocol.LossCounted;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.VolumeLoss;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// What live failovers gave up (A91, B119): at first at least what the receiver knows, then, as soon as an old source can be read, all of it.
@Component
class Losses implements NodeListener {
    private static final Logger LOG = LoggerFactory.getLogger(Losses.class);

    private final JdbcClient sql;
    private final Nodes nodes;
    private final Set<String> asking = ConcurrentHashMap.newKeySet();

    Losses(JdbcClient sql, Nodes nodes) {
        this.sql = sql;
        this.nodes = nodes;
    }

    /// @param isExact whether these are all; else at least these
    record Loss(boolean isExact, List<OfVolume> volumes) {}

    /// @param writes       acknowledged or not; one that is longer than a record of the stream counts as several
    /// @param bytes        of the blocks of 4 KiB that they touched
    /// @param missingBytes heard of and not counted yet, at most; null once the source was read
    record OfVolume(String volume, long writes, long bytes, @Nullable Long missingBytes) {}

    /// Asks the receiver. Repeated, the first answer counts.
    void count(Failover failover) {
        CountLoss count =
                CountLoss.newBuilder()
                        .setGroup(failover.group())
                        .setPoint(failover.point().number())
                        .build();
        LossCounted counted =
                nodes.ask(failover.node(), Command.newBuilder().setCountLoss(count), Nodes.SOON)
                        .getLossCounted();
        for (VolumeLoss loss : counted.getVolumesList()) {
            sql.sql(
                            "insert into failover_loss (failover, volume, writes, bytes, through, missing_bytes, complete) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing")
                    .params(
                            failover.id(),
                            loss.getVolume(),
                            loss.getWrites(),
                            loss.getBytes(),
                            loss.getThrough(),
                            loss.getMissingBytes(),
                            counted.getComplete())
                    .update();
        }
    }

    /// A source that has released can be read.
    @Override
    public void report(String node, Report report) {
        for (SourceReport source : report.getSourcesList()) {
            if (source.getReleased()) {
                List<String> open =
                        sql.sql(
                                        "select distinct f.id from failover f join failover_loss l on l.failover = f.id join volume v on v.id = l.volume"
                                                + " where f.group_id = ? and v.node = ? and l.source_writes is null and f.state in ('active', 'committing', 'committed')")
                                .params(source.getGroup(), node)
                                .query(String.class)
                                .list();
                open.forEach(failover -> amend(failover, source.getGroup(), node));
            }
        }
    }

    private void amend(String failover, String group, String node) {
        if (!asking.add(failover + "/" + node)) {
            return;
        }
        Thread.ofVirtual()
                .name("loss-" + failover)
                .start(() -> {
                    try {
                        read(failover, group, node);
                    } catch (FaultException e) {
                        LOG.debug(
                                "failover {}: node {} does not tell what it has alone: {}",
                                failover,
                                node,
                                e.getMessage());
                    } finally {
                        asking.remove(failover + "/" + node);
                    }
                });
    }

    private void read(String failover, String group, String node) {
        Map<String, Long> above =
                sql
                        .sql("select volume, through from failover_loss where failover = ?")
                        .param(failover)
                        .query((row, _) ->
                                Map.entry(row.getString("volume"), row.getLong("through")))
                        .list()
                        .stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        LossCounted counted =
                nodes.ask(
                                node,
                                Command.newBuilder()
                                        .setCountLoss(
                                                CountLoss.newBuilder()
                                                        .setGroup(group)
                                                        .putAllAbove(above)),
                                Nodes.SOON)
                        .getLossCounted();
        for (VolumeLoss loss : counted.getVolumesList()) {
            sql.sql(
                            "update failover_loss set source_writes = ?, source_bytes = ?, complete = complete and ? where failover = ? and volume = ? and source_writes is null")
                    .params(
                            loss.getWrites(),
                            loss.getBytes(),
                            counted.getComplete(),
                            failover,
                            loss.getVolume())
                    .update();
        }
    }

    /// Empty before it was counted.
    Optional<Loss> of(String failover) {
        List<Counted> all =
                sql.sql("select * from failover_loss where failover = ? order by volume")
                        .param(failover)
                        .query(Counted.class)
                        .list();
        return all.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new Loss(
                                all.stream().allMatch(Counted::isExact),
                                all.stream().map(Counted::view).toList()));
    }

    private record Counted(
            String volume,
            long writes,
            long bytes,
            long missingBytes,
            boolean complete,
            @Nullable Long sourceWrites,
            @Nullable Long sourceBytes) {
        boolean isExact() {
            return complete && sourceWrites != null;
        }

        OfVolume view() {
            return sourceWrites == null || sourceBytes == null
                    ? new OfVolume(volume, writes, bytes, missingBytes)
                    : new OfVolume(volume, writes + sourceWrites, bytes + sourceBytes, null);
        }
    }
}
