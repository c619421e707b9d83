package dev.cutaway.train.data;

/** Images as bytes, all of one size. */
interface Pictures {
    /** How many. */
    int count();

    /** Levels of one image, 0 to 255: {@code [channel, height, width]}; not to be changed. */
    byte[] levels(int i);
}
