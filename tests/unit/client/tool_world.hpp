// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-pub or mqttsn-sub as a process, served by a model gateway on a real socket of the loopback. The
// fixture owns both. One thread.
#ifndef TESTS_UNIT_CLIENT_TOOL_WORLD_HPP
#define TESTS_UNIT_CLIENT_TOOL_WORLD_HPP

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
#include "support/process.hpp"

namespace test {

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
    int silent_from = -1;    // datagrams received: from here on none is answered,
    int silent_until = -1;   // up to here
    int received = 0;
    std::vector<int> down_qos;  // messages to send, one after the other
    test::TemporaryFolder folder;
    pid_t child = -1;
    int pipes[3] = {-1, -1, -1};  // our ends of stdin, stdout, stderr
};

inline void close_fd(int& fd) {
    if (fd >= 0) {
        close(fd);
        fd = -1;
    }
}

inline int set_up(void** state) {
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

inline int tear_down(void** state) {
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

inline void start(World& world, const char* program, const std::vector<std::string>& arguments) {
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

inline void send_all(World& world, const std::vector<Octets>& datagrams) {
    for (const Octets& datagram : datagrams) {
        sendto(world.socket, datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&world.device),
               sizeof world.device);
    }
}

inline void serve_one(World& world) {
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
    const bool silent = world.silent_from >= 0 && world.received > world.silent_from &&
                        (world.silent_until < 0 || world.received <= world.silent_until);
    if (!world.answers || silent) {
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
inline Result finish(World& world, const std::string& input = "") {
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

inline Result run(World& world, const char* program, const std::vector<std::string>& arguments,
                  const std::string& input = "") {
    start(world, program, arguments);
    return finish(world, input);
}

inline std::string published(const World& world) {
    std::string all;
    for (const std::string& text : world.gateway.published) {
        all += text + "\n";
    }
    return all;
}

}  // namespace test

#endif
