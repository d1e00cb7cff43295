// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.planted;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/// Loads the product's classes anew, some of them compiled from other sources. Everything is kept in memory.
final class PlantedClasses extends ClassLoader {
    private static final String OURS = "io.redoubt.";
    private final Map<String, byte[]> planted;

    private PlantedClasses(Map<String, byte[]> planted) {
        super(PlantedClasses.class.getClassLoader());
        this.planted = planted;
    }

    /// @param sources by path; each ends in the package's folders
    /// @throws IllegalStateException when they do not compile
    static PlantedClasses of(Map<String, String> sources) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new IllegalStateException("this Java has no compiler: run it with a JDK");
        }
        var said = new StringWriter();
        try (StandardJavaFileManager standard =
                        compiler.getStandardFileManager(null, Locale.ROOT, null);
                var memory = new Memory(standard)) {
            var options =
                    List.of("-proc:none", "-nowarn", "-cp", System.getProperty("java.class.path"));
            List<Source> units = new ArrayList<>();
            sources.forEach((path, text) -> units.add(new Source(path, text)));
            if (!compiler.getTask(said, memory, null, options, null, units).call()) {
                throw new IllegalStateException("the planted bug does not compile: " + said);
            }
            return new PlantedClasses(memory.classes());
        }
    }

    /// Ours first, so that no planted class ever meets a sound one of the same package.
    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(OURS)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        byte[] bytes = planted.get(name);
        if (bytes == null) {
            String file = name.replace('.', '/') + ".class";
            try (var in = getParent().getResourceAsStream(file)) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                bytes = in.readAllBytes();
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
        return defineClass(name, bytes, 0, bytes.length);
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String path, String text) {
            super(
                    URI.create("memory:///" + path.substring(path.indexOf("java/") + 5)),
                    Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static final class Memory extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, ByteArrayOutputStream> written = new HashMap<>();

        Memory(JavaFileManager standard) {
            super(standard);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location,
                String className,
                JavaFileObject.Kind kind,
                @Nullable FileObject sibling) {
            return new SimpleJavaFileObject(
                    URI.create("memory:///" + className.replace('.', '/') + kind.extension), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return written.computeIfAbsent(className, _ -> new ByteArrayOutputStream());
                }
            };
        }

        Map<String, byte[]> classes() {
            Map<String, byte[]> classes = new HashMap<>();
            written.forEach((name, bytes) -> classes.put(name, bytes.toByteArray()));
            return classes;
        }
    }
}
