// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The pins of a journal, in its manifest: each change is durable when the call returns.
final class Pins {
    private static final int PINS_MAX = 1024;

    private final ManifestFile manifest;

    Pins(ManifestFile manifest) {
        this.manifest = manifest;
    }

    List<Pin> all() {
        return manifest.now().pins();
    }

    /// The points that are held.
    Set<Long> points() {
        return all().stream()
                .filter(p -> p.at() == null)
                .map(Pin::point)
                .collect(Collectors.toUnmodifiableSet());
    }

    /// Who holds a point.
    List<String> owners(long point) {
        return all().stream()
                .filter(p -> p.at() == null && p.point() == point)
                .map(Pin::owner)
                .toList();
    }

    /// The single numbers that are held.
    List<Pin.At> numbers() {
        return numbers(all());
    }

    static List<Pin.At> numbers(List<Pin> pins) {
        return pins.stream().map(Pin::at).flatMap(Stream::ofNullable).distinct().toList();
    }

    /// Who holds a number of its member above these, if anybody: what only a [Branch] has.
    List<String> ownersAbove(Map<VolumeId, Long> vector) {
        return all().stream()
                .filter(p -> {
                    Pin.At at = p.at();
                    return at != null && at.vseq() > vector.getOrDefault(at.volume(), 0L);
                })
                .map(Pin::owner)
                .toList();
    }

    /// Takes a pin, or makes its lease longer.
    void hold(Pin pin) {
        if (all().stream().anyMatch(p -> p.isLike(pin) && p.untilMillis() >= pin.untilMillis())) {
            return;
        }
        List<Pin> others = without(pin.owner());
        if (others.size() >= PINS_MAX) {
            throw new FaultException(new JournalFault.TooManyPins(others.size()));
        }
        others.add(pin);
        manifest.replace(manifest.now().withPins(others));
    }

    /// Nothing happens when the owner holds none.
    void release(String owner) {
        List<Pin> others = without(owner);
        if (others.size() < all().size()) {
            manifest.replace(manifest.now().withPins(others));
        }
    }

    void expire(long nowMillis) {
        List<Pin> valid = all().stream().filter(p -> p.untilMillis() > nowMillis).toList();
        if (valid.size() < all().size()) {
            manifest.replace(manifest.now().withPins(valid));
        }
    }

    private List<Pin> without(String owner) {
        return all().stream()
                .filter(p -> !p.owner().equals(owner))
                .collect(Collectors.toCollection(ArrayList::new));
    }
}
