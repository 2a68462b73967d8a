// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-pub and mqttsn-sub over more than one connection: what they say while the gateway is gone, and
// --state.
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

// CONNECT, SUBSCRIBE, then pings and attempts to connect that nobody answers, then everything again.
void gateway_that_is_gone_is_said_once_an_outage(void** state) {
    auto& world = *static_cast<World*>(*state);
    world.silent_from = 2;
    world.silent_until = 6;
    start(world, MQTTSN_SUB, {"-t", "a", "-k", "1", "--retries", "0", "-C", "1"});
    const auto limit = Clock::now() + std::chrono::seconds(20);
    while (world.received < 9 && Clock::now() < limit) {
        pollfd entry = {world.socket, POLLIN, 0};
        poll(&entry, 1, 100);
        serve_one(world);
    }
    assert_true(world.gateway.subscribed());
    world.down_qos = {1};
    const Result result = finish(world);
    assert_int_equal(result.code, 0);
    assert_string_equal(result.out.c_str(), "x\n");
    assert_string_equal(
        result.err.c_str(),
        ("mqttsn-sub: no answer from 127.0.0.1 port " + world.port + ": trying again\n").c_str());
}

/// -i, --state and its file.
std::vector<std::string> with_state(const World& world, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-i", "me", "--state", world.folder.file("state")});
    return arguments;
}

// PUBLISH and its repetitions get no answer although it arrives: the next run completes it under its message
// id.
void message_that_was_not_finished_is_finished_by_the_next_run_with_the_same_state(void** state) {
    auto& world = *static_cast<World*>(*state);
    world.silent_from = 2;
    const Result first =
        run(world, MQTTSN_PUB,
            with_state(world, {"-t", "a", "-m", "one", "-q", "2", "-W", "1", "--retries", "9"}));
    assert_int_equal(first.code, 1);
    assert_true(first.err.find("the message is kept in " + world.folder.file("state")) != std::string::npos);
    world.silent_from = -1;
    const Result second = run(world, MQTTSN_PUB, with_state(world, {"-t", "a", "-m", "two", "-q", "2"}));
    assert_int_equal(second.code, 0);
    assert_string_equal(second.err.c_str(), "");
    assert_string_equal(published(world).c_str(), "a one\na two\n");
    const Result third = run(world, MQTTSN_PUB, with_state(world, {"-t", "a", "-l"}));
    assert_int_equal(third.code, 0);
    assert_string_equal(published(world).c_str(), "a one\na two\n");
}

// Killed at any datagram: SIGKILL leaves no time to store anything.
void publication_survives_a_kill_of_the_program_at_every_datagram(void** state) {
    auto& world = *static_cast<World*>(*state);
    for (int datagrams = 3; datagrams <= 5; ++datagrams) {  // PUBLISH, PUBREL, DISCONNECT
        const std::string topic = "t" + std::to_string(datagrams);
        world.gateway.published.clear();
        world.received = 0;
        world.silent_from = datagrams - 1;
        start(world, MQTTSN_PUB, with_state(world, {"-t", topic, "-m", "x", "-q", "2"}));
        const auto limit = Clock::now() + std::chrono::seconds(10);
        while (world.received < datagrams && Clock::now() < limit) {
            pollfd entry = {world.socket, POLLIN, 0};
            poll(&entry, 1, 100);
            serve_one(world);
        }
        kill(world.child, SIGKILL);
        assert_int_equal(finish(world).code, 1000 + SIGKILL);
        world.silent_from = -1;
        assert_int_equal(run(world, MQTTSN_PUB, with_state(world, {"-t", "end", "-m", "x", "-q", "2"})).code,
                         0);
        assert_string_equal(published(world).c_str(), (topic + " x\nend x\n").c_str());
    }
}

void file_that_is_not_our_session_is_not_overwritten(void** state) {
    auto& world = *static_cast<World*>(*state);
    const std::string path = world.folder.file("state");
    assert_true(test::write_file(path, "a letter to my aunt"));
    const Result other = run(world, MQTTSN_PUB, with_state(world, {"-t", "a", "-m", "x"}));
    assert_int_equal(other.code, 1);
    assert_true(other.err.find("is not a file of --state") != std::string::npos);
    assert_string_equal(test::read_file(path).c_str(), "a letter to my aunt");
    const Result folder = run(world, MQTTSN_PUB, {"-t", "a", "-m", "x", "-i", "me", "--state", "/"});
    assert_int_equal(folder.code, 1);
    const Result nowhere =
        run(world, MQTTSN_PUB, {"-t", "a", "-m", "x", "-i", "me", "--state", world.folder.file("no/where")});
    assert_int_equal(nowhere.code, 1);
    assert_true(nowhere.err.find("cannot write") != std::string::npos);
    assert_true(test::write_file(path, ""));
    assert_int_equal(run(world, MQTTSN_PUB, with_state(world, {"-t", "a", "-m", "x"})).code, 1);
    unlink(path.c_str());
    assert_int_equal(run(world, MQTTSN_PUB, with_state(world, {"-t", "a", "-m", "x", "-q", "1"})).code, 0);
    std::string contents = test::read_file(path);
    contents[contents.size() / 2] = static_cast<char>(contents[contents.size() / 2] ^ 1);
    assert_true(test::write_file(path, contents));
    const Result damaged = run(world, MQTTSN_PUB, with_state(world, {"-t", "a", "-m", "y", "-q", "1"}));
    assert_int_equal(damaged.code, 1);
    assert_true(damaged.err.find("cannot go on") != std::string::npos);
    assert_true(test::read_file(path) == contents);
    contents[contents.size() / 2] = static_cast<char>(contents[contents.size() / 2] ^ 1);
    assert_true(test::write_file(path, contents));
    const Result another =
        run(world, MQTTSN_PUB, {"-t", "a", "-m", "z", "-q", "1", "-i", "you", "--state", path});
    assert_int_equal(another.code, 1);
    assert_true(another.err.find("of another client id") != std::string::npos);
    assert_true(test::read_file(path) == contents);
}

}  // namespace

int main() {
#define TOOL_TEST(claim) cmocka_unit_test_setup_teardown(claim, test::set_up, test::tear_down)
    const CMUnitTest tests[] = {
        TOOL_TEST(gateway_that_is_gone_is_said_once_an_outage),
        TOOL_TEST(message_that_was_not_finished_is_finished_by_the_next_run_with_the_same_state),
        TOOL_TEST(publication_survives_a_kill_of_the_program_at_every_datagram),
        TOOL_TEST(file_that_is_not_our_session_is_not_overwritten),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
