// SPDX-License-Identifier: BSD-3-Clause
//
// bench_machine: what the kernel of this machine asks for the calls that a gateway lives on, so that figures
// of two machines, or of two days, can be read side by side. Prints "key value" lines; takes half a second.
//
//   syscall_ns       the cheapest system call (getppid), median of five rounds
//   udp_datagram_us  CPU time for one datagram of 39 octets that is received and answered on loopback,
//   recvmmsg and
//                    sendmmsg with 32 in a batch, median of five rounds. Only the answering side is counted.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kOctets = 39;  // a PUBLISH with 32 octets of payload
constexpr int kRounds = 5;
constexpr int kCalls = 100'000;
constexpr int kBatches = 200;

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "bench_machine: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

double cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double syscall_ns() {
    const double begin = cpu_ns();
    for (int i = 0; i < kCalls; ++i) {
        syscall(SYS_getppid);
    }
    return (cpu_ns() - begin) / kCalls;
}

/// A UDP socket on a free port of 127.0.0.1; `address` becomes its address.
int open_socket(sockaddr_in& address) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        die("no UDP socket on 127.0.0.1");
    }
    const timeval patience{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

/// kBatch datagrams with room for their senders' addresses.
struct Batch {
    std::array<std::array<std::uint8_t, kOctets>, kBatch> octets{};
    std::array<sockaddr_in, kBatch> peers{};
    std::array<iovec, kBatch> pieces{};
    std::array<mmsghdr, kBatch> headers{};

    Batch() {
        for (std::size_t i = 0; i < kBatch; ++i) {
            pieces[i] = {octets[i].data(), kOctets};
            headers[i].msg_hdr.msg_name = &peers[i];
            headers[i].msg_hdr.msg_namelen = sizeof peers[i];
            headers[i].msg_hdr.msg_iov = &pieces[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
    }
    void receive(int fd) {
        for (unsigned done = 0; done < kBatch;) {
            const int count = recvmmsg(fd, headers.data() + done, kBatch - done, MSG_WAITFORONE, nullptr);
            done += count > 0 ? static_cast<unsigned>(count) : (die("a datagram is lost on loopback"), 0U);
        }
    }
    void send(int fd) {
        for (unsigned done = 0; done < kBatch;) {
            const int count = sendmmsg(fd, headers.data() + done, kBatch - done, 0);
            done += count > 0 ? static_cast<unsigned>(count) : (die("cannot send on loopback"), 0U);
        }
    }
};

double udp_datagram_us() {
    sockaddr_in server_address{};
    sockaddr_in client_address{};
    const int server = open_socket(server_address);
    const int client = open_socket(client_address);
    Batch sent;
    Batch echoed;
    double spent = 0;
    for (int i = 0; i < kBatches; ++i) {
        sent.peers.fill(server_address);
        sent.send(client);
        const double begin = cpu_ns();
        echoed.receive(server);
        echoed.send(server);
        spent += cpu_ns() - begin;
        sent.receive(client);
    }
    close(server);
    close(client);
    return spent / 1e3 / kBatches / kBatch;
}

template <typename Measure>
double median(Measure measure) {
    std::array<double, kRounds> values{};
    std::generate(values.begin(), values.end(), measure);
    std::sort(values.begin(), values.end());
    return values[kRounds / 2];
}

}  // namespace

int main() {
    std::printf("syscall_ns %.0f\n", median(syscall_ns));
    std::printf("udp_datagram_us %.2f\n", median(udp_datagram_us));
}
