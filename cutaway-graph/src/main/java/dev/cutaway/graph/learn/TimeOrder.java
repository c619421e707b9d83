package dev.cutaway.graph.learn;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Rows of all sequences in the order in which a recurrence comes to them: first the first row of each sequence, then the second ones ...,
 * longer sequences first. So the rows of one time lie together, and what they follow is the beginning of the rows of the time before: one
 * product a time, and nothing is gathered.
 *
 * @param rows which row of the batch stands at each place
 * @param starts where each time begins, and where the last one ends
 */
record TimeOrder(int[] rows, int[] starts) {
    /**
     * @param segments where each sequence's rows begin, and where the last one's end
     * @param backwards whether sequences are read from their end
     */
    static TimeOrder of(int[] segments, boolean backwards) {
        int n = segments.length - 1;
        int[] longest = IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingInt((Integer s) -> -(segments[s + 1] - segments[s])))
                .mapToInt(s -> s)
                .toArray();
        int times = n == 0 ? 0 : segments[longest[0] + 1] - segments[longest[0]];
        int[] rows = new int[segments[n]];
        int[] starts = new int[times + 1];
        int at = 0;
        for (int t = 0; t < times; t++) {
            starts[t] = at;
            for (int s : longest) {
                int length = segments[s + 1] - segments[s];
                if (length <= t) {
                    break;
                }
                rows[at++] = segments[s] + (backwards ? length - 1 - t : t);
            }
        }
        starts[times] = at;
        return new TimeOrder(rows, starts);
    }

    int times() {
        return starts.length - 1;
    }

    /** How many sequences have a row at a time. */
    int count(int time) {
        return starts[time + 1] - starts[time];
    }
}
