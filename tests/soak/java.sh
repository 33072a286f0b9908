#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 90
# Java: threads, garbage collection, exceptions that are signals of the host's
# kernel, and the interpreter alone.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
need_packages default-jdk-headless:java default-jdk-headless:javac

both 70 <<'END'
cat >Main.java <<'JAVA'
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;

public class Main {
	static int depth(int n) {
		try {
			return depth(n + 1);
		} catch (StackOverflowError e) {
			return 1;
		}
	}

	static long garbage(int seed) {
		Random random = new Random(seed);
		Object[] keep = new Object[1000];
		long sum = 0;

		for (int i = 0; i < 300000; i++) {
			byte[] b = new byte[random.nextInt(500)];
			keep[random.nextInt(keep.length)] = b;
			sum += b.length;
		}
		return sum;
	}

	public static void main(String[] args) throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(8);
		List<Future<Long>> sums = new ArrayList<>();
		AtomicLong counter = new AtomicLong();
		long sum = 0;

		for (int i = 0; i < 16; i++) {
			int seed = i;
			sums.add(pool.submit(() -> garbage(seed)));
		}
		for (Future<Long> f : sums)
			sum += f.get();
		System.out.println("garbage " + sum);

		Thread[] threads = new Thread[100];
		for (int i = 0; i < threads.length; i++) {
			threads[i] = new Thread(() -> {
				for (int j = 0; j < 1000; j++)
					counter.incrementAndGet();
			});
			threads[i].start();
		}
		for (Thread t : threads)
			t.join();
		System.out.println("threads " + counter.get());
		pool.shutdown();

		int caught = 0;
		String nothing = args.length > 100 ? "" : null;
		for (int i = 0; i < 20000; i++) {
			try {
				caught += nothing.length();
			} catch (NullPointerException e) {
				caught++;
			}
			try {
				caught += i / (args.length + 0);
			} catch (ArithmeticException e) {
				caught++;
			}
		}
		System.out.println("caught " + caught);
		System.out.println("overflow " + depth(0));
		try {
			long[][] all = new long[100000][];
			for (int i = 0; ; i++)
				all[i] = new long[1 << 17];
		} catch (OutOfMemoryError e) {
			System.out.println("memory error");
		}
	}
}
JAVA
javac Main.java || exit
java -Xmx96m Main
echo "java $?"
java -Xmx96m -XX:+UseParallelGC Main | sed 's/^/parallel-/'
java -Xmx96m -Xint Main | sed 's/^/interpreted-/'
END
compare
finish
