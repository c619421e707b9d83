import org.jspecify.annotations.NullMarked;

/** The local server and its browser interface. */
@NullMarked
module dev.cutaway.inspect {
    requires static org.jspecify;
    requires transitive dev.cutaway.model;
    requires com.fasterxml.jackson.databind;
    requires io.helidon.webserver;
    requires io.helidon.webserver.websocket;
    requires io.helidon.webserver.staticcontent;
}
