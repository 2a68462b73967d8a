// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-pub and mqttsn-sub as processes, with a model gateway on a real socket of the loopback. What they do
// with a real gateway and a real broker is for the end-to-end tests.
#include "tool_world.hpp"

using test::Clock;
using test::finish;
using test::published;
using test::Result;
using test::run;
using test::serve_one;
using test::start;
using test::World;

namespace {

void message_is_published_at_every_qos_without_a_word(void** state) {
    auto& world = *static_cast<World*>(*state);
    for (const char* qos : {"-1", "0", "1", "2"}) {
        const Result result = run(world, MQTTSN_PUB, {"--predefined", "3", "-m", "x", "-q", qos});
        assert_int_equal(result.code, 0);
        assert_string_equal((result.out + result.err).c_str(), "");
    }
    // QoS -1 may still be on its way: serve what is there.
    serve_one(world);
    assert_string_equal(published(world).c_str(),
                        "predefined:3 x\npredefined:3 x\npredefined:3 x\npredefined:3 x\n");
}

// -l: in order, blank lines left out, the last line without a newline counts.
void lines_go_one_after_the_other(void** state) {
    auto& world = *static_cast<World*>(*state);
    const Result result = run(world, MQTTSN_PUB, {"-t", "a/b", "-l", "-q", "2"}, "one\n\ntwo\nthree");
    assert_int_equal(result.code, 0);
    assert_string_equal(result.err.c_str(), "");
    assert_string_equal(published(world).c_str(), "a/b one\na/b two\na/b three\n");
}

void standard_input_goes_as_one_message(void** state) {
    auto& world = *static_cast<World*>(*state);
    const Result result = run(world, MQTTSN_PUB, {"-t", "a", "-s", "-q", "1"}, "one\ntwo\n");
    assert_int_equal(result.code, 0);
    assert_string_equal(published(world).c_str(), "a one\ntwo\n\n");
}

// Connected again without clean session, the unfinished publication under its message id: nothing twice,
// nothing lost.
void gateway_restart_between_lines_is_survived(void** state) {
    auto& world = *static_cast<World*>(*state);
    for (int restart_after = 1; restart_after < 10; ++restart_after) {
        world.gateway.published.clear();
        world.received = 0;
        world.restart_after = restart_after;
        const Result result = run(world, MQTTSN_PUB, {"-t", "a", "-l", "-q", "2"}, "1\n2\n3\n");
        assert_int_equal(result.code, 0);
        assert_string_equal(published(world).c_str(), "a 1\na 2\na 3\n");
    }
}

void refused_publication_fails_with_the_reason(void** state) {
    auto& world = *static_cast<World*>(*state);
    world.gateway.publish_code = mqttsn::ReturnCode::invalid_topic_id;
    const Result result = run(world, MQTTSN_PUB, {"--predefined", "3", "-m", "x", "-q", "1"});
    assert_int_equal(result.code, 1);
    assert_string_equal(
        result.err.c_str(),
        "mqttsn-pub: the gateway refuses the message: rejected: invalid topic ID (code 2): predefined id 3 "
        "is not in the gateway's configuration\n");
}

void refused_connection_fails_with_the_reason(void** state) {
    auto& world = *static_cast<World*>(*state);
    world.gateway.connect_code = mqttsn::ReturnCode::not_supported;
    const Result result = run(world, MQTTSN_SUB, {"-t", "a"});
    assert_int_equal(result.code, 1);
    assert_true(result.err.find("refuses the connection: rejected: not supported") != std::string::npos);
}

void silent_gateway_is_given_up_after_n_retry(void** state) {
    auto& world = *static_cast<World*>(*state);
    world.answers = false;
    const Result result = run(world, MQTTSN_PUB, {"-t", "a", "-m", "x", "--retries", "1"});
    assert_int_equal(result.code, 1);
    assert_int_equal(world.received, 2);
    assert_true(result.err.find("no answer from 127.0.0.1 port " + world.port) != std::string::npos);
}

void pub_gives_up_after_its_time(void** state) {
    auto& world = *static_cast<World*>(*state);
    world.answers = false;
    const Result result = run(world, MQTTSN_PUB, {"-t", "a", "-m", "x", "--retries", "0", "-W", "1"});
    assert_int_equal(result.code, 1);
    assert_true(result.err.find("-W") != std::string::npos);
    assert_true(world.received > 1);
}

void messages_are_printed_and_counted(void** state) {
    auto& world = *static_cast<World*>(*state);
    world.down_qos = {1, 2, 0};
    const Result result = run(world, MQTTSN_SUB, {"-t", "#", "-v", "-C", "2", "-q", "2"});
    assert_int_equal(result.code, 0);
    assert_string_equal(result.out.c_str(), "down x\ndown x\n");
    assert_string_equal(result.err.c_str(), "");
}

// As mosquitto_sub, whose exit code it is.
void too_few_messages_within_the_time_end_with_27(void** state) {
    auto& world = *static_cast<World*>(*state);
    world.down_qos = {1};
    const Result too_few = run(world, MQTTSN_SUB, {"-t", "#", "-C", "2", "-q", "2", "-W", "1"});
    assert_int_equal(too_few.code, 27);
    assert_string_equal(too_few.out.c_str(), "x\n");
    assert_true(too_few.err.find("only 1 of 2 messages") != std::string::npos);
    const Result none = run(world, MQTTSN_SUB, {"-t", "#", "-W", "1"});
    assert_int_equal(none.code, 27);
    assert_string_equal(none.err.c_str(), "mqttsn-sub: no message came within the time of -W\n");
    world.down_qos = {1};
    const Result some = run(world, MQTTSN_SUB, {"-t", "#", "-W", "1"});
    assert_int_equal(some.code, 0);
    assert_string_equal((some.out + some.err).c_str(), "x\n");
    world.answers = false;
    const Result nobody = run(world, MQTTSN_SUB, {"-t", "#", "-W", "1", "--retries", "0"});
    assert_int_equal(nobody.code, 1);
    assert_true(nobody.err.find("is the gateway running there?") != std::string::npos);
}

void refused_subscription_fails(void** state) {
    auto& world = *static_cast<World*>(*state);
    world.gateway.subscribe_code = mqttsn::ReturnCode::not_supported;
    const Result result = run(world, MQTTSN_SUB, {"-t", "a/+"});
    assert_int_equal(result.code, 1);
    assert_true(result.err.find("refuses the subscription to a/+") != std::string::npos);
}

void sigterm_disconnects_properly(void** state) {
    auto& world = *static_cast<World*>(*state);
    start(world, MQTTSN_SUB, {"-t", "a"});
    const auto limit = Clock::now() + std::chrono::seconds(10);
    while (!world.gateway.subscribed() && Clock::now() < limit) {
        pollfd entry = {world.socket, POLLIN, 0};
        poll(&entry, 1, 100);
        serve_one(world);
    }
    kill(world.child, SIGTERM);
    const Result result = finish(world);
    assert_int_equal(result.code, 0);
    assert_false(world.gateway.connected());  // DISCONNECT came
}

void trace_goes_to_standard_error(void** state) {
    auto& world = *static_cast<World*>(*state);
    const Result result = run(world, MQTTSN_PUB, {"-t", "a", "-m", "x", "-d", "-i", "me"});
    assert_int_equal(result.code, 0);
    assert_string_equal(result.out.c_str(), "");
    for (const char* text :
         {"> CONNECT clean duration=60 \"me\"", "< CONNACK", "> REGISTER", "> PUBLISH qos=0"}) {
        assert_true(result.err.find(text) != std::string::npos);
    }
}

struct Usage {
    const char* program;
    std::vector<std::string> arguments;
    const char* said;
};

void nonsense_is_refused_with_one_line_and_code_2(void** state) {
    auto& world = *static_cast<World*>(*state);
    const Usage cases[] = {
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "-q", "3"}, "QoS is -1, 0, 1 or 2"},
        {MQTTSN_SUB, {"-t", "a", "-q", "-1"}, "QoS is 0, 1 or 2"},
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "-q", "-1"}, "--predefined ID, or --short"},
        {MQTTSN_PUB, {"-t", "a/#", "-m", "x"}, "wildcards"},
        {MQTTSN_PUB, {"-t", "", "-m", "x"}, "not a valid topic name"},
        {MQTTSN_PUB, {"-t", "a"}, "nothing to send"},
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "-l"}, "only one of"},
        {MQTTSN_PUB, {"-t", "a", "-s", "-l"}, "only one of"},
        {MQTTSN_PUB, {"-m", "x"}, "no topic"},
        {MQTTSN_PUB, {"-t", "a", "--predefined", "1", "-m", "x"}, "only one topic"},
        {MQTTSN_PUB, {"--predefined", "0", "-m", "x"}, "1 to 65534"},
        {MQTTSN_PUB, {"--predefined", "65535", "-m", "x"}, "1 to 65534"},
        {MQTTSN_PUB, {"--predefined", "65536", "-m", "x"}, "--predefined"},
        {MQTTSN_PUB, {"--short", "-t", "abc", "-m", "x"}, "exactly two octets"},
        {MQTTSN_PUB, {"--short", "--predefined", "1", "-m", "x"}, "--short"},
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "-c"}, "give -i"},
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "--will-retain"}, "--will-topic"},
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "--will-topic", "w/+"}, "--will-topic"},
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "--will-topic", "w", "--will-qos", "3"}, "--will-qos"},
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "-k", "70000"}, "--keepalive"},
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "-W", "0"}, "-W"},
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "--bogus"}, "--bogus"},
        {MQTTSN_PUB, {"-t", "a", "-m", "x", "--discover"}, "give it or -h and -p"},
        {MQTTSN_SUB, {"-t", "a", "--radius", "2"}, "only with --discover"},
        {MQTTSN_SUB, {"-t", "a", "--interface", "lo"}, "only with --discover"},
        {MQTTSN_SUB, {"-t", "a", "--discover", "225.1.1.1:1", "--radius", "256"}, "--radius"},
        {MQTTSN_SUB, {"-t", "a/#/b"}, "not a valid topic filter"},
        {MQTTSN_SUB, {}, "no topic"},
        {MQTTSN_SUB, {"-t", "a", "-C", "0"}, "-C: a count of messages is 1 or more, not \"0\""},
        {MQTTSN_SUB, {"-t", "a", "-C", "-1"}, "-C: a count of messages is 1 or more"},
        {MQTTSN_SUB, {"-t", "a", "-C", "1.5"}, "-C: a count of messages is 1 or more"},
        {MQTTSN_SUB, {"-t", "a", "-W", "-1"}, "-W: seconds are more than 0"},
        {MQTTSN_SUB, {"-t", "a", "-W", "soon"}, "-W: seconds are more than 0"},
        {MQTTSN_SUB, {"-t", "a", "-W", "nan"}, "-W: seconds are more than 0"},
        {MQTTSN_SUB, {"-t", "a", "-W", "1e9"}, "-W: seconds are more than 0 and at most 1000000"},
        {MQTTSN_SUB, {"-t", "a", "-p", "0"}, "--port: a port is 1 to 65535"},
        {MQTTSN_SUB, {"-t", "a", "-p", "65536"}, "--port: a port is 1 to 65535"},
        {MQTTSN_SUB, {"-t", "a", "-p", "coap"}, "--port: a port is 1 to 65535"},
        {MQTTSN_SUB, {"-t", "a", "-p", ""}, "--port"},
        {MQTTSN_SUB, {"-t", "a", "-k", "-1"}, "--keepalive: seconds are 0 to 65535"},
        {MQTTSN_SUB, {"-t", "a", "-q", "1.5"}, "QoS is 0, 1 or 2"},
        {MQTTSN_SUB, {"-t", "a", "--sleep", "0"}, "--sleep: seconds are 1 to 65535"},
        {MQTTSN_SUB, {"-t", "a", "--retry", "0"}, "--retry: seconds are 0.01 to 86400"},
        {MQTTSN_SUB, {"-t", "a", "--retries", "255"}, "--retries: repetitions are 0 to 254"},
        {MQTTSN_SUB, {"-t", "a", "--state", "f"}, "give -i"},
        {MQTTSN_PUB, {"--predefined", "1", "-m", "x", "-q", "-1", "-i", "a", "--state", "f"}, "-q -1"},
    };
    for (const Usage& usage : cases) {
        const Result result = run(world, usage.program, usage.arguments);
        assert_int_equal(result.code, 2);
        assert_string_equal(result.out.c_str(), "");
        assert_int_equal(result.err.find('\n'), result.err.size() - 1);
        if (result.err.find(usage.said) == std::string::npos) {
            assert_string_equal(result.err.c_str(), usage.said);
        }
    }
    assert_int_equal(world.received, 0);
}

void too_long_message_is_refused(void** state) {
    auto& world = *static_cast<World*>(*state);
    const Result lines =
        run(world, MQTTSN_PUB, {"-t", "a", "-f", MQTTSN_PUB});  // the program itself is long enough
    assert_int_equal(lines.code, 1);
    assert_true(lines.err.find("does not fit a datagram") != std::string::npos);
    const Result missing = run(world, MQTTSN_PUB, {"-t", "a", "-f", "/does/not/exist"});
    assert_int_equal(missing.code, 1);
    assert_true(missing.err.find("/does/not/exist") != std::string::npos);
    assert_int_equal(world.received, 0);
}

void help_and_version_end_with_0(void** state) {
    auto& world = *static_cast<World*>(*state);
    for (const char* program : {MQTTSN_PUB, MQTTSN_SUB}) {
        const Result help = run(world, program, {"--help"});
        assert_int_equal(help.code, 0);
        assert_true(help.out.find("--will-topic") != std::string::npos);
        const Result version = run(world, program, {"--version"});
        assert_int_equal(version.code, 0);
        assert_true(version.out.rfind("mqttsn-", 0) == 0);
    }
}

}  // namespace

int main() {
#define TOOL_TEST(claim) cmocka_unit_test_setup_teardown(claim, test::set_up, test::tear_down)
    const CMUnitTest tests[] = {
        TOOL_TEST(message_is_published_at_every_qos_without_a_word),
        TOOL_TEST(lines_go_one_after_the_other),
        TOOL_TEST(standard_input_goes_as_one_message),
        TOOL_TEST(gateway_restart_between_lines_is_survived),
        TOOL_TEST(refused_publication_fails_with_the_reason),
        TOOL_TEST(refused_connection_fails_with_the_reason),
        TOOL_TEST(silent_gateway_is_given_up_after_n_retry),
        TOOL_TEST(pub_gives_up_after_its_time),
        TOOL_TEST(messages_are_printed_and_counted),
        TOOL_TEST(too_few_messages_within_the_time_end_with_27),
        TOOL_TEST(refused_subscription_fails),
        TOOL_TEST(sigterm_disconnects_properly),
        TOOL_TEST(trace_goes_to_standard_error),
        TOOL_TEST(nonsense_is_refused_with_one_line_and_code_2),
        TOOL_TEST(too_long_message_is_refused),
        TOOL_TEST(help_and_version_end_with_0),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
