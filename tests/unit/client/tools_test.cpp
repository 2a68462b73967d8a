// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-pub and mqttsn-sub as processes, with a model gateway on a real socket of the loopback. What they do
// with a real gateway and a real broker is for the end-to-end tests.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "model_gateway.hpp"

using test::ModelGateway;
using test::Octets;

namespace {

using Clock = std::chrono::steady_clock;

struct Result {
    int code = -1;  // 1000 + signal when killed
    std::string out;
    std::string err;
};

struct World {
    ModelGateway gateway;
    int socket = -1;
    std::string port;
    sockaddr_in device{};
    bool answers = true;
    int restart_after = -1;  // datagrams received
    int received = 0;
    std::vector<int> down_qos;  // messages to send, one after the other
    pid_t child = -1;
    int pipes[3] = {-1, -1, -1};  // our ends of stdin, stdout, stderr
};

void close_fd(int& fd) {
    if (fd >= 0) {
        close(fd);
        fd = -1;
    }
}

int set_up(void** state) {
    auto* const world = new World;
    *state = world;
    signal(SIGPIPE, SIG_IGN);
    world->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(world->socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(world->socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return -1;
    }
    world->port = std::to_string(ntohs(address.sin_port));
    return 0;
}

int tear_down(void** state) {
    auto* const world = static_cast<World*>(*state);
    if (world->child > 0) {
        kill(world->child, SIGKILL);
        waitpid(world->child, nullptr, 0);
    }
    for (int& fd : world->pipes) {
        close_fd(fd);
    }
    close_fd(world->socket);
    delete world;
    return 0;
}

void start(World& world, const char* program, const std::vector<std::string>& arguments) {
    int ends[3][2];
    for (auto& pair : ends) {
        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    }
    std::vector<std::string> words = {program, "-h", "127.0.0.1", "-p", world.port, "--retry", "0.2"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    world.child = fork();
    if (world.child == 0) {
        dup2(ends[0][0], 0);
        dup2(ends[1][1], 1);
        dup2(ends[2][1], 2);
        execv(program, argv.data());
        _exit(127);
    }
    close(ends[0][0]);
    close(ends[1][1]);
    close(ends[2][1]);
    world.pipes[0] = ends[0][1];
    world.pipes[1] = ends[1][0];
    world.pipes[2] = ends[2][0];
}

void send_all(World& world, const std::vector<Octets>& datagrams) {
    for (const Octets& datagram : datagrams) {
        sendto(world.socket, datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&world.device),
               sizeof world.device);
    }
}

void serve_one(World& world) {
    Octets datagram(70000);
    socklen_t size = sizeof world.device;
    const ssize_t got = recvfrom(world.socket, datagram.data(), datagram.size(), 0,
                                 reinterpret_cast<sockaddr*>(&world.device), &size);
    if (got < 0) {
        return;
    }
    datagram.resize(static_cast<std::size_t>(got));
    if (world.received++ == world.restart_after) {
        world.gateway.restart();
    }
    if (!world.answers) {
        return;
    }
    send_all(world, world.gateway.handle(datagram));
    if (world.gateway.subscribed() && world.gateway.down_done() && !world.down_qos.empty()) {
        world.gateway.send_down(world.down_qos.front());
        world.down_qos.erase(world.down_qos.begin());
        send_all(world, world.gateway.tick());
    }
}

/// Serves the child until it ends.
Result finish(World& world, const std::string& input = "") {
    Result result;
    if (!input.empty()) {
        assert_int_equal(write(world.pipes[0], input.data(), input.size()), input.size());
    }
    close_fd(world.pipes[0]);
    const auto limit = Clock::now() + std::chrono::seconds(20);
    std::string* const texts[] = {&result.out, &result.err};
    while ((world.pipes[1] >= 0 || world.pipes[2] >= 0) && Clock::now() < limit) {
        pollfd entries[3] = {
            {world.socket, POLLIN, 0}, {world.pipes[1], POLLIN, 0}, {world.pipes[2], POLLIN, 0}};
        if (poll(entries, 3, 200) == 0 && world.gateway.subscribed()) {
            send_all(world, world.gateway.tick());
        }
        if (entries[0].revents != 0) {
            serve_one(world);
        }
        for (int i = 0; i < 2; ++i) {
            char chunk[4096];
            if (entries[i + 1].revents != 0) {
                const ssize_t got = read(world.pipes[i + 1], chunk, sizeof chunk);
                if (got > 0) {
                    texts[i]->append(chunk, static_cast<std::size_t>(got));
                } else {
                    close_fd(world.pipes[i + 1]);
                }
            }
        }
    }
    assert_true(Clock::now() < limit);
    int status = 0;
    waitpid(world.child, &status, 0);
    world.child = -1;
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return result;
}

Result run(World& world, const char* program, const std::vector<std::string>& arguments,
           const std::string& input = "") {
    start(world, program, arguments);
    return finish(world, input);
}

std::string published(const World& world) {
    std::string all;
    for (const std::string& text : world.gateway.published) {
        all += text + "\n";
    }
    return all;
}

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

void too_few_messages_within_the_time_is_a_failure(void** state) {
    auto& world = *static_cast<World*>(*state);
    world.down_qos = {1};
    const Result result = run(world, MQTTSN_SUB, {"-t", "#", "-C", "2", "-q", "2", "-W", "1"});
    assert_int_equal(result.code, 1);
    assert_string_equal(result.out.c_str(), "x\n");
    const Result without_count = run(world, MQTTSN_SUB, {"-t", "#", "-W", "1"});
    assert_int_equal(without_count.code, 0);
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
        {MQTTSN_SUB, {"-t", "a", "-C", "0"}, "-C"},
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
#define TOOL_TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)
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
        TOOL_TEST(too_few_messages_within_the_time_is_a_failure),
        TOOL_TEST(refused_subscription_fails),
        TOOL_TEST(sigterm_disconnects_properly),
        TOOL_TEST(trace_goes_to_standard_error),
        TOOL_TEST(nonsense_is_refused_with_one_line_and_code_2),
        TOOL_TEST(too_long_message_is_refused),
        TOOL_TEST(help_and_version_end_with_0),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
