// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.core.Bytes;
import io.redoubt.core.Rate;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.SetLimits;
import io.redoubt.protocol.VolumeLimit;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// Tells nodes how fast a datastore may be: its class's rate times its size, shared by its volumes.
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

    /// For steps: the whole of it each time, from the rows as they are now. A class without limit needs no word.
    void tell(String datastore) {
        datastores
                .find(datastore)
                .ifPresent(found ->
                        found.storageClass()
                                .rateOf(new Bytes(found.sizeBytes()))
                                .ifPresent(rate -> tell(found, rate)));
    }

    private void tell(Datastores.Datastore datastore, Rate rate) {
        List<String> volumes =
                sql.sql("select id from volume where datastore = ? order by id")
                        .param(datastore.id())
                        .query(String.class)
                        .list();
        var limits =
                SetLimits.newBuilder()
                        .setDatastore(datastore.id())
                        .setRate(
                                io.redoubt.protocol.Rate.newBuilder()
                                        .setIops(rate.iops())
                                        .setBytesPerSecond(rate.bytesPerSecond()));
        for (String volume : volumes) {
            limits.addVolumes(VolumeLimit.newBuilder().setVolume(volume));
        }
        nodes.tell(datastore.node(), Command.newBuilder().setSetLimits(limits), Nodes.SOON);
    }
}
