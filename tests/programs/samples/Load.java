// SPDX-License-Identifier: MIT
// Work for Java that allocates in many ways, mostly outside its own heap. Its output does not depend on time
// or place.
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

public class Load {
    static long checksum(byte[] bytes) {
        CRC32 sum = new CRC32();
        sum.update(bytes);
        return sum.getValue();
    }

    // Makes garbage of many ages.
    static String tables(int seed) {
        Random random = new Random(seed);
        Map<String, List<String>> table = new HashMap<>();
        for (int i = 0; i < 100_000; i++) {
            table.computeIfAbsent("key" + random.nextInt(3000), key -> new ArrayList<>()).add("value" + i);
            if (i % 5 == 0) table.remove("key" + random.nextInt(3000));
        }
        return table.size() + " " + checksum(new TreeMap<>(table).toString().getBytes(StandardCharsets.UTF_8));
    }

    // Direct buffers and the compressor's state use malloc.
    static String compressed(int seed) throws Exception {
        Random random = new Random(seed);
        long sum = 0;
        for (int i = 0; i < 100; i++) {
            byte[] bytes = new byte[1 + random.nextInt(100_000)];
            for (int at = 0; at < bytes.length; at++) bytes[at] = (byte) (random.nextInt() & 7);
            Deflater deflater = new Deflater();
            deflater.setInput(bytes);
            deflater.finish();
            ByteBuffer packed = ByteBuffer.allocateDirect(bytes.length + 1000);
            deflater.deflate(packed);
            deflater.end();
            packed.flip();
            Inflater inflater = new Inflater();
            inflater.setInput(packed);
            byte[] again = new byte[bytes.length];
            inflater.inflate(again);
            inflater.end();
            if (checksum(again) != checksum(bytes)) throw new IllegalStateException("round trip");
            sum += checksum(again);
        }
        return Long.toString(sum);
    }

    static String child() throws Exception {
        Process process = new ProcessBuilder("echo", "from a child").start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
        return text + " " + process.waitFor();
    }

    public static void main(String[] arguments) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<String>> results = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int seed = i;
            Callable<String> work = seed % 2 == 0 ? () -> tables(seed) : () -> compressed(seed);
            results.add(threads.submit(work));
        }
        for (int i = 0; i < 3; i++) results.add(threads.submit(Load::child));
        for (Future<String> result : results) System.out.println(result.get());
        threads.shutdown();
    }
}
