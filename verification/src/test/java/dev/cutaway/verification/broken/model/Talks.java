package dev.cutaway.verification.broken.model;

import java.util.logging.Logger;

/** Breaks the rules of logging, of the console and of asserts. */
final class Talks {
    private Talks() {}

    static void talk(int size) {
        assert size > 0;
        Logger.getLogger("model").info("hello");
        System.out.println("hello");
    }
}
