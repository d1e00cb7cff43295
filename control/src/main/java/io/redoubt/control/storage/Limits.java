// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.core.Rate;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.SetLimits;
import io.redoubt.protocol.VolumeLimit;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// Tells nodes how fast a datastore may be (its class's rate times its size) and how its volumes share it.
@Component
class Limits {
    private final JdbcClient sql;
    private final Nodes nodes;
    private final Datastores datastores;

    Limits(JdbcClient sql, Nodes nodes, Datastores datastores) {
        this.sql = sql;
        this.nodes = nodes;
        this.datastores = datastores;
    }

    /// For steps: the whole of it each time, from the rows as they are now. In a class without limit the volumes may have their own.
    void tell(String datastore) {
        datastores.find(datastore).ifPresent(this::tell);
    }

    private void tell(Datastores.Datastore datastore) {
        List<VolumeLimit> volumes =
                sql.sql(
                                "select id, shares, iops_limit, bytes_per_second_limit from volume where datastore = ? order by id")
                        .param(datastore.id())
                        .query((row, _) -> limit(row.getString("id"), Volumes.allowance(row)))
                        .list();
        var limits =
                SetLimits.newBuilder()
                        .setDatastore(datastore.id())
                        .setRate(rate(datastore.rate()))
                        .addAllVolumes(volumes);
        nodes.tell(datastore.node(), Command.newBuilder().setSetLimits(limits), Nodes.SOON);
    }

    private static VolumeLimit limit(String volume, Allowance allowance) {
        return VolumeLimit.newBuilder()
                .setVolume(volume)
                .setWeight(allowance.shares())
                .setOwn(rate(allowance.own()))
                .build();
    }

    private static io.redoubt.protocol.Rate rate(Rate rate) {
        return io.redoubt.protocol.Rate.newBuilder()
                .setIops(rate.iops())
                .setBytesPerSecond(rate.bytesPerSecond())
                .build();
    }
}
