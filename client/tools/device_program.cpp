// SPDX-License-Identifier: BSD-3-Clause
#include "device_program.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "mqttsn/wire.hpp"
#include "trace.hpp"

namespace mqttsn::tools {

namespace {

constexpr std::uint32_t kReconnectWaitMaxMs = 30000;
constexpr std::uint32_t kRefusedWaitMs = 1000;

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

std::uint32_t left_until(std::uint32_t moment) {
    const auto left = static_cast<std::int32_t>(moment - mqttsn_udp_now());
    return left > 0 ? static_cast<std::uint32_t>(left) : 0;
}

}  // namespace

std::string DeviceProgram::gateway_text() const {
    if (!options_.discover) {
        return options_.host + " port " + options_.port;
    }
    char text[MQTTSN_UDP_ADDRESS_TEXT];
    mqttsn_udp_format_address(&udp_.gateway, text);
    return udp_.gateway.octets > 0 ? text : options_.group;
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
    if (!open()) {
        return exit_code_;
    }
    if (!wants_connection() && !options_.discover) {
        on_connected(false);
    }
    while (!done_) {
        check_timers();
        drain();
        if (done_) {
            break;
        }
        pollfd entries[3] = {
            {udp_.fd, POLLIN, 0}, {udp_.group_fd, POLLIN, 0}, {close_by_ ? -1 : input_fd(), POLLIN, 0}};
        const int wait_ms = poll_timeout();
        const timespec timeout = {wait_ms / 1000, (wait_ms % 1000) * 1000000L};
        const int ready = ppoll(entries, 3, &timeout, &signals);
        if (signal_came != 0) {
            signal_came = 0;
            if (close_by_) {
                done_ = true;  // the second one does not wait for the gateway
            } else if (search_by_) {
                fail("interrupted before a gateway was found");
            } else {
                on_signal();
            }
            continue;
        }
        if (ready < 0 && errno != EINTR) {
            fail(std::string("poll: ") + std::strerror(errno));
            done_ = true;
        }
        if (ready > 0 && (entries[0].revents != 0 || entries[1].revents != 0) &&
            mqttsn_udp_receive(&udp_, &client_) == MQTTSN_ERR_NETWORK) {
            fail(std::string("socket: ") + std::strerror(errno));
            done_ = true;
        }
        if (ready > 0 && entries[2].revents != 0 && !close_by_) {
            on_input();
        }
        if (!close_by_ && wants_connection() && check_reach() == Reach::nobody &&
            mqttsn_get_state(&client_) == MQTTSN_STATE_ACTIVE && !connect_at_) {
            // The gateway has stopped, and will not know us when it is back.
            note_outage("nobody listens at " + gateway_text());
            connect_later(kRefusedWaitMs);
        }
    }
    store_state();
    return exit_code_;
}

void DeviceProgram::drain() {
    mqttsn_event event;
    do {
        while (!done_ && mqttsn_next_event(&client_, &event)) {
            stored_ = false;
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
        if (!stored_) {
            store_state();  // what was learned without sending anything: the device is asleep
        }
        if (!state_problem_.empty() && !close_by_) {
            fail(state_problem_);
        }
    } while (!done_ && mqttsn_next_timeout(&client_, mqttsn_udp_now()) == 0);
}

void DeviceProgram::handle(const mqttsn_event& event) {
    switch (event.type) {
        case MQTTSN_EVENT_CONNECTED: {
            const bool again = connected_before_;
            connected_before_ = true;
            outage_ = false;
            search_by_.reset();
            on_connected(again);
            return;
        }
        case MQTTSN_EVENT_GATEWAY:
            search_by_.reset();
            if (!wants_connection() && !connected_before_) {
                connected_before_ = true;
                on_connected(false);
            }
            return;
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
    if (options_.discover && event.type == MQTTSN_EVENT_LOST) {
        mqttsn_search(&client_);  // those that are known are tried again, and others may be there now
    }
    const bool patient = options_.timeout_s > 0 || search_by_;
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
    if (event.type == MQTTSN_EVENT_LOST) {
        note_outage("no answer from " + gateway_text());
    } else if (congested || losses_ > 1) {
        note_outage("the gateway at " + gateway_text() + " takes no connection now");
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

void DeviceProgram::note_outage(const std::string& text) {
    if (!outage_) {
        say(text + ": trying again");
    }
    outage_ = true;
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
    if (search_by_ && left_until(*search_by_) == 0) {
        give_up_search();
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
        for (const auto& moment : {connect_at_, deadline_, search_by_}) {
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

void DeviceProgram::say(const std::string& text) const {
    std::fprintf(stderr, "%s: %s\n", name_, text.c_str());
}

void DeviceProgram::fail(const std::string& text, int exit_code) {
    const bool kept = state_ && state_problem_.empty() && unfinished();
    say(text + (kept ? "; the message is kept in " + state_->path() + ", the next run sends it first" : ""));
    finish(exit_code);
}

void DeviceProgram::store_state() {
    stored_ = true;
    if (state_ && state_problem_.empty()) {
        state_problem_ = state_->store(client_);
    }
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

/// The session is stored before anything leaves that the gateway may act on.
void DeviceProgram::on_datagram(void* self, bool sent, const void* datagram, std::size_t octets) {
    auto* const program = static_cast<DeviceProgram*>(self);
    if (sent) {
        program->store_state();
    }
    if (!program->options_.debug) {
        return;
    }
    const std::uint32_t elapsed_ms = mqttsn_udp_now() - program->started_;
    const std::string text = describe_packet(Bytes{static_cast<const std::uint8_t*>(datagram), octets},
                                             sent ? Sender::device : Sender::gateway);
    std::fprintf(stderr, "%6u.%03u %s %s\n", static_cast<unsigned>(elapsed_ms / 1000),
                 static_cast<unsigned>(elapsed_ms % 1000), sent ? ">" : "<", text.c_str());
}

}  // namespace mqttsn::tools
