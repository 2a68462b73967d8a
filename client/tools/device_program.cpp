// SPDX-License-Identifier: BSD-3-Clause
#include "device_program.hpp"

#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "discover.hpp"
#include "mqttsn/wire.hpp"
#include "trace.hpp"

namespace mqttsn::tools {

namespace {

constexpr std::size_t kTopicMemoryOctets = 32768;
constexpr std::uint32_t kReconnectWaitMaxMs = 30000;
constexpr std::uint32_t kRefusedWaitMs = 1000;
constexpr std::uint32_t kSearchMs = 15000;  // four SEARCHGWs, 1, 2 and 4 s between them

volatile sig_atomic_t signal_came = 0;

void on_signal_number(int) {
    signal_came = 1;
}

/// Signals are blocked except inside ppoll(), so none is missed between the check and the wait.
sigset_t take_signals() {
    struct sigaction action = {};
    action.sa_handler = on_signal_number;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigdelset(&before, SIGINT);
    sigdelset(&before, SIGTERM);
    return before;
}

std::uint32_t milliseconds(double seconds) {
    return static_cast<std::uint32_t>(std::clamp(seconds * 1000.0, 1.0, static_cast<double>(INT32_MAX / 2)));
}

std::uint32_t left_until(std::uint32_t moment) {
    const auto left = static_cast<std::int32_t>(moment - mqttsn_udp_now());
    return left > 0 ? static_cast<std::uint32_t>(left) : 0;
}

}  // namespace

DeviceProgram::DeviceProgram(const char* name, const Options& options)
    : name_(name),
      options_(options),
      host_(options.host),
      port_(options.port),
      topics_(kTopicMemoryOctets),
      buffer_(65536) {
    udp_.fd = -1;
}

DeviceProgram::~DeviceProgram() {
    mqttsn_udp_close(&udp_);
}

bool DeviceProgram::open(const sigset_t& signals) {
    mqttsn_config_defaults(&config_, options_.client_id.c_str());
    config_.queue = queue_.data();
    config_.queue_length = static_cast<std::uint8_t>(queue_.size());
    config_.topic_memory = topics_.data();
    config_.topic_memory_octets = static_cast<std::uint16_t>(topics_.size());
    config_.inbound = inbound_.data();
    config_.inbound_length = static_cast<std::uint8_t>(inbound_.size());
    config_.retry_interval_ms = milliseconds(options_.retry_s);
    config_.retry_count = static_cast<std::uint8_t>(options_.retry_count);
    config_.congestion_wait_ms = milliseconds(options_.congestion_wait_s);
    config_.keep_alive_s = options_.keep_alive_s;
    config_.datagram_octets_max = kDatagramOctetsMax;
    config_.seed = mqttsn_udp_seed();
    if (!options_.will_topic.empty()) {
        will_.topic = options_.will_topic.c_str();
        will_.payload = options_.will_payload.data();
        will_.payload_octets = static_cast<std::uint16_t>(options_.will_payload.size());
        will_.qos = static_cast<std::uint8_t>(options_.will_qos);
        will_.retain = options_.will_retain;
        config_.will = &will_;
    }
    return (!options_.discover || find_gateway(signals)) && resolve() && open_socket() && start();
}

bool DeviceProgram::find_gateway(const sigset_t& signals) {
    DiscoverOptions search;
    search.group = options_.group;
    search.interface = options_.interface;
    search.radius = static_cast<std::uint8_t>(options_.radius);
    search.timeout_ms = options_.timeout_s > 0 ? milliseconds(options_.timeout_s) : kSearchMs;
    if (options_.debug) {
        search.trace = [this](bool sent, Bytes datagram) { trace(this, sent, datagram.data, datagram.size); };
    }
    FoundGateway found;
    std::string problem;
    switch (discover(search, signals, found, problem)) {
        case Found::yes:
            host_ = found.host;
            port_ = found.port;
            return true;
        case Found::nobody:
            fail(
                "no gateway answers at " + options_.group +
                ": is one running in this network, connected to its broker, with this group in [discovery]?");
            return false;
        case Found::interrupted:
            fail("interrupted before a gateway was found");
            return false;
        case Found::failed:
            break;
    }
    fail(problem);
    return false;
}

/// A host name may have several addresses, and on UDP only a refusal tells that nobody listens at one of
/// them.
bool DeviceProgram::resolve() {
    addrinfo hints = {};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* list = nullptr;
    if (getaddrinfo(host_.c_str(), port_.c_str(), &hints, &list) != 0) {
        fail("cannot resolve " + gateway_text() + ": check -h and -p");
        return false;
    }
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) ==
            0) {
            addresses_.emplace_back(text);
        }
    }
    freeaddrinfo(list);
    return true;
}

/// From address_ on, the first one that has a route.
bool DeviceProgram::open_socket() {
    for (; address_ < addresses_.size(); ++address_) {
        mqttsn_udp_close(&udp_);
        if (mqttsn_udp_open(&udp_, addresses_[address_].c_str(), port_.c_str(), buffer_.data(),
                            buffer_.size()) == MQTTSN_OK) {
            refused_count_ = 0;
            if (options_.debug) {
                udp_.trace = trace;
                udp_.trace_context = this;
            }
            return true;
        }
    }
    fail("no way to " + gateway_text() + ": " + std::strerror(errno));
    return false;
}

bool DeviceProgram::start() {
    if (mqttsn_init(&client_, &config_) != MQTTSN_OK) {
        fail("the client library refuses the options");
        return false;
    }
    if (wants_connection()) {
        const mqttsn_status status = mqttsn_connect(&client_, !options_.keep_session);
        if (status != MQTTSN_OK) {
            fail(std::string("cannot connect: ") + mqttsn_status_name(status) + ": check -i and the will");
            return false;
        }
    }
    return true;
}

std::string DeviceProgram::gateway_text() const {
    return host_ + " port " + port_;
}

DeviceProgram::Reach DeviceProgram::check_reach() {
    if (udp_.refused_count == refused_count_) {
        return Reach::unknown;
    }
    refused_count_ = udp_.refused_count;
    if (connected_before_ || address_ + 1 >= addresses_.size()) {
        return Reach::nobody;
    }
    ++address_;
    return open_socket() && start() ? Reach::moved : Reach::nobody;
}

int DeviceProgram::run() {
    started_ = mqttsn_udp_now();
    const sigset_t signals = take_signals();
    if (!open(signals)) {
        return exit_code_;
    }
    if (!wants_connection()) {
        on_connected(false);
    }
    while (!done_) {
        check_timers();
        drain();
        if (done_) {
            break;
        }
        pollfd entries[2] = {{udp_.fd, POLLIN, 0}, {close_by_ ? -1 : input_fd(), POLLIN, 0}};
        const int wait_ms = poll_timeout();
        const timespec timeout = {wait_ms / 1000, (wait_ms % 1000) * 1000000L};
        const int ready = ppoll(entries, 2, &timeout, &signals);
        if (signal_came != 0) {
            signal_came = 0;
            if (close_by_) {
                done_ = true;  // the second one does not wait for the gateway
            } else {
                on_signal();
            }
            continue;
        }
        if (ready < 0 && errno != EINTR) {
            fail(std::string("poll: ") + std::strerror(errno));
            done_ = true;
        }
        if (ready > 0 && entries[0].revents != 0 &&
            mqttsn_udp_receive(&udp_, &client_) == MQTTSN_ERR_NETWORK) {
            fail(std::string("socket: ") + std::strerror(errno));
            done_ = true;
        }
        if (ready > 0 && entries[1].revents != 0 && !close_by_) {
            on_input();
        }
        if (!close_by_ && wants_connection() && check_reach() == Reach::nobody &&
            mqttsn_get_state(&client_) == MQTTSN_STATE_ACTIVE && !connect_at_) {
            // The gateway has stopped, and will not know us when it is back.
            connect_later(kRefusedWaitMs);
        }
    }
    return exit_code_;
}

void DeviceProgram::drain() {
    mqttsn_event event;
    do {
        while (!done_ && mqttsn_next_event(&client_, &event)) {
            if (close_by_) {
                handle_closing(event);
            } else {
                handle(event);
            }
        }
        if (mqttsn_udp_send(&udp_, &client_) != MQTTSN_OK) {
            fail(std::string("socket: ") + std::strerror(errno));
            done_ = true;
        }
    } while (!done_ && mqttsn_next_timeout(&client_, mqttsn_udp_now()) == 0);
}

void DeviceProgram::handle(const mqttsn_event& event) {
    switch (event.type) {
        case MQTTSN_EVENT_CONNECTED: {
            const bool again = connected_before_;
            connected_before_ = true;
            on_connected(again);
            return;
        }
        case MQTTSN_EVENT_REFUSED:
        case MQTTSN_EVENT_DISCONNECTED:
        case MQTTSN_EVENT_LOST:
        case MQTTSN_EVENT_CLOSED:
            connection_ended(event);
            return;
        default:
            on_event(event);
    }
}

/// Connects again, without clean session, so that the unfinished exchange goes on; or gives up.
void DeviceProgram::connection_ended(const mqttsn_event& event) {
    clear_deadline();
    const bool congested = event.type == MQTTSN_EVENT_REFUSED && event.code == MQTTSN_REJECTED_CONGESTION;
    if (event.type == MQTTSN_EVENT_REFUSED && !congested) {
        fail("the gateway refuses the connection: " +
             std::string(return_code_text(static_cast<std::uint8_t>(event.code))) + " (code " +
             std::to_string(event.code) + "): check the client id and the gateway's log");
        return;
    }
    ++losses_;
    const bool patient = options_.timeout_s > 0;
    if (!patient && (!connected_before_ || losses_ > losses_max())) {
        if (congested) {
            fail(
                "the gateway refuses the connection for now (congestion, or it has no broker): try again "
                "later, or "
                "give -W to keep trying");
        } else if (event.type == MQTTSN_EVENT_LOST) {
            fail(lost_text(event.code));
        } else {
            fail("the gateway keeps ending the connection: see its log");
        }
        return;
    }
    if (congested) {
        connect_later(config_.congestion_wait_ms);
    } else {
        // At once the first time; then 1, 2, 4 ... seconds.
        connect_later(losses_ <= 1 ? 0 : std::min(1000U << std::min(losses_ - 2, 5U), kReconnectWaitMaxMs));
    }
}

std::string DeviceProgram::lost_text(int reason) const {
    std::string text = (refused_count_ > 0 ? "nobody listens at " : "no answer from ") + gateway_text();
    if (reason == MQTTSN_LOST_CONNECT && !connected_before_) {
        return text + ": is the gateway running there?";
    }
    text += reason == MQTTSN_LOST_PUBLISH ? " to the publication" : "";
    return text + ": gave up. Large messages may be over the gateway's max_datagram";
}

void DeviceProgram::connect_later(std::uint32_t wait_ms) {
    connect_at_ = mqttsn_udp_now() + wait_ms;
}

void DeviceProgram::check_timers() {
    const std::uint32_t now = mqttsn_udp_now();
    if (close_by_ && left_until(*close_by_) == 0) {
        done_ = true;
        return;
    }
    if (close_by_) {
        return;
    }
    if (!timed_out_ && options_.timeout_s > 0 && now - started_ >= milliseconds(options_.timeout_s)) {
        timed_out_ = true;
        on_timeout();
        return;
    }
    if (connect_at_ && left_until(*connect_at_) == 0) {
        connect_at_.reset();
        // The first CONNECT may have got through with only its answer lost; nothing is unfinished before it,
        // so it is simply repeated.
        const bool clean = !connected_before_ && !options_.keep_session;
        if (mqttsn_connect(&client_, clean) == MQTTSN_OK) {
            session_kept_ = session_kept_ || (!clean && !options_.keep_session);
        }
    }
    if (deadline_ && left_until(*deadline_) == 0) {
        deadline_.reset();
        on_deadline();
    }
}

int DeviceProgram::poll_timeout() const {
    std::uint32_t wait = mqttsn_next_timeout(&client_, mqttsn_udp_now());
    if (close_by_) {
        wait = std::min(wait, left_until(*close_by_));
    } else {
        for (const auto& moment : {connect_at_, deadline_}) {
            wait = moment ? std::min(wait, left_until(*moment)) : wait;
        }
        if (options_.timeout_s > 0 && !timed_out_) {
            wait = std::min(wait, left_until(started_ + milliseconds(options_.timeout_s)));
        }
    }
    return static_cast<int>(std::min<std::uint32_t>(wait, INT_MAX));
}

void DeviceProgram::succeed() {
    finish(kExitDone);
}

void DeviceProgram::fail(const std::string& text) {
    std::fprintf(stderr, "%s: %s\n", name_, text.c_str());
    finish(kExitFailed);
}

void DeviceProgram::finish(int exit_code) {
    if (close_by_ || done_) {
        return;
    }
    exit_code_ = exit_code;
    const mqttsn_state state = udp_.fd >= 0 ? mqttsn_get_state(&client_) : MQTTSN_STATE_DISCONNECTED;
    if (state == MQTTSN_STATE_DISCONNECTED || state == MQTTSN_STATE_CONNECTING) {
        done_ = true;
        return;
    }
    close_by_ = mqttsn_udp_now() + config_.retry_interval_ms * 2;
    if (session_kept_) {
        // Connecting again kept a session that the user does not want: a clean connection removes it.
        config_.will = nullptr;
        mqttsn_connect(&client_, true);
    } else {
        mqttsn_disconnect(&client_);
    }
}

void DeviceProgram::handle_closing(const mqttsn_event& event) {
    switch (event.type) {
        case MQTTSN_EVENT_CONNECTED:
            mqttsn_disconnect(&client_);
            return;
        case MQTTSN_EVENT_REFUSED:
        case MQTTSN_EVENT_DISCONNECTED:
        case MQTTSN_EVENT_LOST:
        case MQTTSN_EVENT_CLOSED:
            done_ = true;
            return;
        default:
            return;
    }
}

void DeviceProgram::trace(void* self, bool sent, const void* datagram, std::size_t octets) {
    const auto* const program = static_cast<const DeviceProgram*>(self);
    const std::uint32_t elapsed_ms = mqttsn_udp_now() - program->started_;
    const std::string text = describe_packet(Bytes{static_cast<const std::uint8_t*>(datagram), octets},
                                             sent ? Sender::device : Sender::gateway);
    std::fprintf(stderr, "%6u.%03u %s %s\n", static_cast<unsigned>(elapsed_ms / 1000),
                 static_cast<unsigned>(elapsed_ms % 1000), sent ? ">" : "<", text.c_str());
}

}  // namespace mqttsn::tools
