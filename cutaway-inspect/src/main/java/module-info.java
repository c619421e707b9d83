import org.jspecify.annotations.NullMarked;

/** The local server and its browser interface. */
@NullMarked
module dev.cutaway.inspect {
    requires static org.jspecify;
    requires transitive dev.cutaway.model;
    requires transitive dev.cutaway.tensor;
    requires com.fasterxml.jackson.databind;
    requires io.helidon.webserver;
    requires io.helidon.webserver.websocket;
    requires io.helidon.common.buffers;
    requires io.helidon.http;
    requires io.helidon.websocket;

    exports dev.cutaway.inspect;

    // Records become JSON by their components.
    opens dev.cutaway.inspect to
            com.fasterxml.jackson.databind;
}
