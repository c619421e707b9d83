package dev.cutaway.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.UsageException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates that try to hang, to fill the memory, to overflow the stack or to get out end soon, with one line. */
class HostileTemplateTest {

    static Stream<String> hostile() {
        String many = "{% for a in range(100000) %}{% for b in range(100000) %}";
        String ends = "{% endfor %}{% endfor %}";
        return Stream.of(
                many + ends,
                many + "{% set x = a * b %}" + ends,
                "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
                "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
                "{% macro f(g) %}{{ g(g) }}{% endmacro %}{{ f(f) }}",
                "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
                "{% set ns = namespace(x=['a']) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{% set ns = namespace(x=[]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x == [ns.x[0], ns.x[1] + []] }}",
                "{% set ns = namespace(x=[], y=[]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}{{ ns.x < ns.y }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
                "{{ 'a' * 10000000000 }}",
                "{{ [1] * 10000000000 }}",
                "{{ [] * 9000000000000000000 }}{{ 'ab' * 90000000 }}",
                "{{ '%999999999d' % 1 }}",
                "{{ '{:999999999}'.format(1) }}",
                "{{ 'x'.center(1000000000) }}",
                "{{ 'x'.zfill(1000000000) }}",
                "{{ '\\t'.expandtabs(1000000000) }}",
                "{{ 'a\nb' | indent(1000000000) }}",
                "{{ [[1]] | tojson(indent=1000000000) }}",
                "{{ 'ab' | replace('', 'x' * 10000000) | replace('x', 'y' * 1000) }}",
                "{{ range(1000000000000) }}",
                "{{ range(-9223372036854775807, 9223372036854775807) }}",
                "{{ [1] | batch(1000000000, 'x') | list }}",
                "{{ [1] | slice(1000000000) | list }}",
                "{{ 10 ** 1000 }}",
                "{{ 9223372036854775807 + 1 }}",
                "{{ -(-9223372036854775807 - 1) }}",
                "{{ 1.5 | round(99999999999) }}{{ 10 ** 10 ** 10 }}",
                "{% for i in [1, [1]] recursive %}{{ loop([i]) }}{% endfor %}",
                "{{ ''.__class__.__mro__ }}",
                "{{ ''['__class__']['__base__'] }}",
                "{{ (''|attr('__class__')).x }}",
                "{{ '{0.__class__.__init__}'.format('') }}",
                "{{ messages.__class__.forName('java.lang.Runtime') }}",
                "{{ messages.getClass().forName('java.lang.Runtime') }}",
                "{{ raise_exception.__globals__['os'] }}",
                "{{ namespace(__class__=1) }}",
                "{% set ns = namespace() %}{% set ns.__x__ = 1 %}",
                "{{ cycler.__init__ }}",
                "{% include '/etc/passwd' %}",
                "{% import '/etc/passwd' as x %}",
                "{% extends '/etc/passwd' %}",
                "{{ " + "(".repeat(10_000) + "1" + ")".repeat(10_000) + " }}",
                "{{ " + "[".repeat(10_000) + " }}",
                "{{ " + "-".repeat(10_000) + "1 }}",
                "{{ " + "not ".repeat(10_000) + "1 }}",
                "{{ x" + " if x else x".repeat(10_000) + " }}",
                "{% if 1 %}".repeat(10_000),
                "{% for x in y %}".repeat(10_000) + "{% endfor %}".repeat(10_000),
                "{{ x" + ".a".repeat(100_000) + " }}",
                "{{ x" + "|trim".repeat(100_000) + " }}",
                "{{ 1" + " + 1".repeat(100_000) + " }}",
                "{{ '" + "a".repeat(100_000),
                "{{ 'a' 'b",
                "{% set x = %}",
                "{{ a. }}",
                "{{ 99999999999999999999 }}",
                "{{ 'x\\u12' }}",
                "{{ \u0000 }}",
                "{{ 1__0 }}{{ 08 }}",
                "{% macro",
                "{% for",
                "{{",
                "{%",
                "{# never closed",
                "{% raw %} never closed");
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void endsSoonWithOneLine(String source) {
        long start = System.nanoTime();
        assertThatThrownBy(() -> ChatTemplate.of("t.jinja", source).render(List.of(Message.user("x"))))
                .isInstanceOf(CutawayException.class)
                .hasMessageStartingWith("t.jinja")
                .message()
                .doesNotContain("\n")
                .hasSizeLessThan(600);
        // The default limit is one second; the rest is for a busy machine.
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "}", "{ {", "plain", "}}", "%}", "#}", "{{ '{{' }}", "\u0000", "a{", "\uD800"})
    void harmlessOnesRender(String source) {
        ChatTemplate.of(source).render(List.of(Message.user("x")));
    }

    @Test
    void everyTruncationOfATemplateIsReadOrRefused() throws Exception {
        String source = java.nio.file.Files.readString(TemplateCases.ROOT.resolve("jinja/qwen3.jinja"));
        for (int i = 0; i < source.length(); i += 7) {
            try {
                ChatTemplate.of(source.substring(0, i)).render(List.of(Message.user("x")));
            } catch (BadInputException e) {
                assertThat(e.getMessage()).startsWith("chat template, line ").doesNotContain("\n");
            }
        }
    }

    @Test
    void limitsAreChecked() {
        assertThatThrownBy(() -> new TemplateLimits(Duration.ZERO, 1, 1, 1)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> new TemplateLimits(Duration.ofSeconds(1), 1, 1, 100_000))
                .isInstanceOf(UsageException.class);
    }
}
