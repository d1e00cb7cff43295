// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.ChangeMap;
import io.redoubt.storage.block.VolumeLimit;
import java.nio.ByteBuffer;
import java.util.Optional;

/// A volume as it is offered under a name. All connections to one export should share one object: it joins their flushes.
public final class Export {
    private final BlockDevice device;
    private final boolean readOnly;
    private final String description;
    private final VolumeLimit limit;
    private final Flusher flusher;
    private final Optional<ChangeMap> dirty;

    private Export(
            BlockDevice device,
            boolean readOnly,
            String description,
            VolumeLimit limit,
            Flusher flusher,
            Optional<ChangeMap> dirty) {
        this.device = device;
        this.readOnly = readOnly;
        this.description = description;
        this.limit = limit;
        this.flusher = flusher;
        this.dirty = dirty;
    }

    /// @param description for people, shown by `nbdinfo`
    public static Export writable(BlockDevice device, String description) {
        return writable(device, description, new VolumeLimit());
    }

    /// @param limit what requests must pass before they are executed
    public static Export writable(BlockDevice device, String description, VolumeLimit limit) {
        var flusher = new Flusher(device);
        return new Export(device, false, description, limit, flusher, Optional.empty());
    }

    /// @param image never written; a request to do so is answered EPERM
    public static Export readOnly(BlockImage image, String description) {
        var device = new ImageDevice(image);
        var flusher = new Flusher(device);
        return new Export(device, true, description, new VolumeLimit(), flusher, Optional.empty());
    }

    /// The same export, which also answers the context `redoubt:dirty`.
    ///
    /// @param changes asked at each block status, by many threads
    public Export withDirty(ChangeMap changes) {
        return new Export(device, readOnly, description, limit, flusher, Optional.of(changes));
    }

    public boolean isReadOnly() {
        return readOnly;
    }

    BlockDevice device() {
        return device;
    }

    String description() {
        return description;
    }

    VolumeLimit limit() {
        return limit;
    }

    Optional<ChangeMap> dirty() {
        return dirty;
    }

    Flusher flusher() {
        return flusher;
    }

    /// An image where a device is wanted; the server refuses changes before they come here.
    private record ImageDevice(BlockImage image) implements BlockDevice {
        @Override
        public long size() {
            return image.size();
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            image.read(offset, into);
        }

        @Override
        public void extents(long offset, long length, ExtentSink sink) {
            image.extents(offset, length, sink);
        }

        @Override
        public long send(long offset, long length, int socket) {
            return image.send(offset, length, socket);
        }

        @Override
        public void write(long offset, ByteBuffer from) {
            throw new UnsupportedOperationException("read-only");
        }

        @Override
        public void zero(long offset, long length) {
            throw new UnsupportedOperationException("read-only");
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
