// SPDX-License-Identifier: BSD-3-Clause
//
// The write guard (gateway/broker/write_guard.hpp) stands before Paho's writev and nobody else's. That it
// keeps Paho from sending freed memory is shown by own_session_flaky_test.
#include "gateway/broker/write_guard.hpp"

#include <MQTTAsync.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <csignal>

#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::gateway;

/// A TCP connection whose peer has reset it: the next write fails with ECONNRESET, later ones with EPIPE.
struct ResetSocket {
    int fd = -1;
    bool open() {
        const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        fd = ::socket(AF_INET, SOCK_STREAM, 0);
        bool ok = ::bind(listener, generic, size) == 0 && ::listen(listener, 1) == 0 &&
                  ::getsockname(listener, generic, &size) == 0 && ::connect(fd, generic, size) == 0;
        const int peer = ::accept(listener, nullptr, nullptr);
        const linger now{1, 0};
        ok = ok && ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0;
        ::close(peer);
        ::close(listener);
        return ok;
    }
    ~ResetSocket() { ::close(fd); }
};

int set_up(void** state) {
    std::signal(SIGPIPE, SIG_IGN);
    auto* socket = new ResetSocket;
    *state = socket;
    return socket->open() ? 0 : -1;
}

int tear_down(void** state) {
    delete static_cast<ResetSocket*>(*state);
    return 0;
}

bool means_gone(int error) {
    return error == ECONNRESET || error == EPIPE;
}

void the_guard_stands_before_libpahos_writev(void**) {
    assert_non_null(MQTTAsync_getVersionInfo());  // the library is really loaded
    assert_true(write_guard_active());
}

void our_own_writes_see_the_true_error(void** state) {
    const auto* socket = static_cast<ResetSocket*>(*state);
    const std::uint64_t before = write_guard_count();
    char octet = 'x';
    const iovec part{&octet, 1};
    errno = 0;
    assert_int_equal(::writev(socket->fd, &part, 1), -1);
    assert_true(means_gone(errno));
    assert_int_equal(::write(socket->fd, &octet, 1), -1);
    assert_true(means_gone(errno));
    assert_int_equal(write_guard_count(), before);
}

void libuv_sees_the_true_error(void** state) {
    auto* socket = static_cast<ResetSocket*>(*state);
    uv_loop_t loop;
    uv_tcp_t tcp;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_tcp_init(&loop, &tcp), 0);
    assert_int_equal(uv_tcp_open(&tcp, ::dup(socket->fd)), 0);
    char octets[2] = {'x', 'y'};
    const uv_buf_t parts[2] = {uv_buf_init(&octets[0], 1), uv_buf_init(&octets[1], 1)};
    const int two = uv_try_write(reinterpret_cast<uv_stream_t*>(&tcp), parts, 2);  // writev in libuv
    const int one = uv_try_write(reinterpret_cast<uv_stream_t*>(&tcp), parts, 1);  // write in libuv
    uv_close(reinterpret_cast<uv_handle_t*>(&tcp), nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_true(two == UV_ECONNRESET || two == UV_EPIPE);
    assert_true(one == UV_ECONNRESET || one == UV_EPIPE);
}

/// What Paho's SSL_write does underneath.
void openssls_socket_bio_is_told_to_try_again(void** state) {
    auto* socket = static_cast<ResetSocket*>(*state);
    const std::uint64_t before = write_guard_count();
    BIO* bio = BIO_new_socket(socket->fd, BIO_NOCLOSE);
    const int written = BIO_write(bio, "x", 1);
    const bool retry = BIO_should_retry(bio) != 0;
    write_guard_set_enabled(false);
    const int unguarded = BIO_write(bio, "x", 1);
    const bool unguarded_retry = BIO_should_retry(bio) != 0;
    write_guard_set_enabled(true);
    BIO_free(bio);
    assert_int_equal(written, -1);
    assert_true(retry);
    assert_int_equal(write_guard_count(), before + 1);
    assert_int_equal(unguarded, -1);
    assert_false(unguarded_retry);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_guard_stands_before_libpahos_writev),
        cmocka_unit_test_setup_teardown(our_own_writes_see_the_true_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(libuv_sees_the_true_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(openssls_socket_bio_is_told_to_try_again, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("write_guard", tests, nullptr, nullptr);
}
