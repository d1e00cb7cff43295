// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.Rate;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.SetLimits;
import io.redoubt.storage.block.Limiter;
import io.redoubt.storage.block.VolumeLimit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// The limits of the datastores whose volumes this node serves. They are on disk before they hold, and hold before a socket is opened.
///
/// A crash before the new ones are on disk leaves the old ones, and the control plane, which got no answer, sends them again.
final class Limits {
    private static final String LIMITS = "limits";

    private final Told told;
    private final Map<String, SetLimits> present = new HashMap<>(); // by datastore
    private final Map<String, Limiter> limiters = new HashMap<>(); // by datastore
    private final Map<String, VolumeLimit> volumes = new HashMap<>();

    Limits(Told told) {
        this.told = told;
    }

    synchronized void reopen() {
        told.all(LIMITS, SetLimits.parser()).forEach(this::apply);
    }

    /// The limit of a volume, the same object for ever: what it says changes with [#set].
    synchronized VolumeLimit of(String volume) {
        return volumes.computeIfAbsent(volume, this::made);
    }

    private VolumeLimit made(String volume) {
        var limit = new VolumeLimit();
        for (SetLimits datastore : present.values()) {
            for (var listed : datastore.getVolumesList()) {
                if (listed.getVolume().equals(volume)) {
                    limit.join(
                            Objects.requireNonNull(limiters.get(datastore.getDatastore())),
                            weight(listed),
                            rate(listed.getOwn()));
                }
            }
        }
        return limit;
    }

    /// The volume is gone. When it is made again while its datastore still lists it, it is limited again.
    synchronized void forget(String volume) {
        volumes.remove(volume);
    }

    /// The datastore is gone, and what was said of it.
    void forgetDatastore(String datastore) {
        set(SetLimits.newBuilder().setDatastore(datastore).build());
    }

    /// @throws FaultException with [NodeFault.BadLimits], and nothing changed
    synchronized void set(SetLimits wanted) {
        require(wanted);
        if (wanted.equals(present.get(wanted.getDatastore()))) {
            return;
        }
        if (wanted.getVolumesCount() == 0) {
            told.remove(LIMITS, wanted.getDatastore());
        } else {
            told.put(LIMITS, wanted.getDatastore(), wanted);
        }
        apply(wanted);
    }

    private void apply(SetLimits wanted) {
        String datastore = wanted.getDatastore();
        Rate rate = rate(wanted.getRate());
        Limiter limiter = limiters.computeIfAbsent(datastore, _ -> new Limiter(rate));
        limiter.change(rate);
        SetLimits before = present.put(datastore, wanted);
        Set<String> listed = new HashSet<>();
        for (var volume : wanted.getVolumesList()) {
            listed.add(volume.getVolume());
            VolumeLimit limit = volumes.get(volume.getVolume());
            if (limit != null) {
                limit.join(limiter, weight(volume), rate(volume.getOwn()));
            }
        }
        if (before != null) {
            for (var volume : before.getVolumesList()) {
                VolumeLimit limit = volumes.get(volume.getVolume());
                if (limit != null && !listed.contains(volume.getVolume())) {
                    limit.leave();
                }
            }
        }
        if (listed.isEmpty()) {
            present.remove(datastore);
            limiters.remove(datastore);
        }
    }

    private void require(SetLimits wanted) {
        try {
            Set<String> listed = new HashSet<>();
            rate(wanted.getRate());
            for (var volume : wanted.getVolumesList()) {
                Limiter.requireWeight(weight(volume));
                rate(volume.getOwn());
                if (!listed.add(volume.getVolume())) {
                    throw new IllegalArgumentException(
                            "volume %s is listed twice".formatted(volume.getVolume()));
                }
            }
            for (SetLimits other : present.values()) {
                requireApart(wanted, other, listed);
            }
        } catch (IllegalArgumentException e) {
            throw new FaultException(
                    new NodeFault.BadLimits(wanted.getDatastore(), String.valueOf(e.getMessage())),
                    e);
        }
    }

    private static void requireApart(SetLimits wanted, SetLimits other, Set<String> listed) {
        for (var volume : other.getVolumesList()) {
            if (!other.getDatastore().equals(wanted.getDatastore())
                    && listed.contains(volume.getVolume())) {
                throw new IllegalArgumentException(
                        "volume %s is in datastore %s"
                                .formatted(volume.getVolume(), other.getDatastore()));
            }
        }
    }

    private static int weight(io.redoubt.protocol.VolumeLimit volume) {
        return volume.getWeight() == 0 ? Limiter.WEIGHT_DEFAULT : volume.getWeight();
    }

    private static Rate rate(io.redoubt.protocol.Rate rate) {
        return new Rate(rate.getIops(), rate.getBytesPerSecond());
    }
}
