// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/own_session.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "gateway/broker/paho_explain.hpp"
#include "gateway/broker/paho_worker.hpp"
#include "gateway/broker/write_guard.hpp"

namespace mqttsn::gateway {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kWindowMax = 20;  // mosquitto's default receive maximum; larger gains nothing here
constexpr std::uint64_t kAckTimeoutMs = 30000;  // no acknowledgement at all
constexpr std::uint64_t kStuckMs = 120000;      // one message, while others are acknowledged
constexpr unsigned kLoyalAttempts = 8;          // with the MQTT version that holds the session
constexpr milliseconds kConnectGiveUp{
    20000};                               // Paho's own limit is 10 s; this is for an answer that never comes
constexpr milliseconds kFlush{500};       // stop(): for the outbox and "offline"
constexpr milliseconds kDisconnect{300};  // stop(): for DISCONNECT
constexpr milliseconds kEnd{2000};        // stop(): destroying takes Paho up to 1.2 s

constexpr const char* kPahoTimeout = "TCP connect timeout";

BrokerIdentity identity(const OwnSessionOptions& options) {
    return {options.tls, options.host, options.port, options.client_id, options.ca_file, options.websocket};
}

}  // namespace

void prepare_process_for_own_session() {
    for (const char* name : {"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"}) {
        ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread starts
    }
    std::signal(SIGPIPE, SIG_IGN);
}

OwnSession::OwnSession(uv_loop_t* loop, OwnSessionOptions options, OwnSessionListener& listener)
    : loop_(loop),
      options_(std::move(options)),
      keep_session_(options_.keep_session && write_guard_active()),
      listener_(listener),
      mqtt5_(options_.mqtt5),
      mqtt5_refused_(!options_.mqtt5),
      random_(options_.jitter_seed) {}

OwnSession::~OwnSession() {
    if (thread_.joinable()) {  // against the contract; better than std::terminate
        worker_->close_mailbox();
        worker_->end();
        thread_.detach();
    }
}

bool OwnSession::start() {
    if (const int code = uv_async_init(
            loop_, &async_, [](uv_async_t* handle) { static_cast<OwnSession*>(handle->data)->on_wake(); });
        code != 0) {
        report_down(std::string("cannot start the gateway's own session: ") + uv_strerror(code));
        return false;
    }
    uv_timer_init(loop_, &timer_);
    async_.data = this;
    timer_.data = this;
    open_handles_ = 2;
    PahoSettings settings;
    settings.broker = std::make_shared<PahoBroker>(PahoBroker{options_.tls, options_.websocket, options_.host,
                                                              options_.port, options_.path, options_.ca_file,
                                                              options_.cert_file, options_.key_file});
    settings.client_id = options_.client_id;
    settings.username = options_.username;
    settings.password = options_.password;
    settings.keep_alive_s = options_.keep_alive_s;
    settings.will_topic = options_.status_topic;
    settings.session_expiry_s = keep_session_ ? kSessionExpiryS : 0;
    worker_ = std::make_shared<PahoWorker>(std::move(settings), [this] { uv_async_send(&async_); });
    try {
        thread_ = std::thread([worker = worker_] { worker->run(); });
    } catch (const std::system_error& error) {
        report_down(std::string("cannot start a thread for the gateway's own session: ") + error.what());
        worker_->close_mailbox();
        close_handles();
        return false;
    }
    connect();
    return true;
}

void OwnSession::stop(std::function<void()> done) {
    done_ = std::move(done);
    switch (state_) {
        case State::up:
            state_ = State::flushing;
            offline_due_ = !options_.status_topic.empty();
            arm(kFlush);
            pump();
            finish_flush_if_empty();
            break;
        case State::idle:
            if (done_) {
                std::exchange(done_, nullptr)();
            }
            break;
        case State::connecting:
        case State::waiting:
            begin_end();
            break;
        default:
            break;  // a second stop(): the first one is on its way
    }
}

OwnSessionCounters OwnSession::counters() const {
    OwnSessionCounters all = counters_;
    all.guarded_writes = write_guard_count();
    if (worker_) {
        all.events_lost = worker_->mailbox().dropped();
        all.arrivals_lost = worker_->gate().lost();
    }
    return all;
}

void OwnSession::on_wake() {
    worker_->mailbox().drain([this](PahoEvent event) {
        if (state_ != State::closing && state_ != State::stopped) {
            on_event(event);
        }
        if (event.arrival != nullptr) {
            worker_->gate().leave(event.arrival->size());
        }
    });
    tell_what_waits();
    if (worker_ && worker_->mailbox().dropped() != events_lost_seen_) {
        events_lost_seen_ = worker_->mailbox().dropped();
        if (state_ == State::up) {
            worker_->disconnect(mqtt5_);  // what was lost may be an acknowledgement: start afresh
        }
    }
}

void OwnSession::on_event(PahoEvent& event) {
    switch (event.kind) {
        case PahoEvent::Kind::connected:
            return on_connected(event);
        case PahoEvent::Kind::connect_failed:
            return on_connect_failed(event);
        case PahoEvent::Kind::probed:
            return on_probed(event);
        case PahoEvent::Kind::server_said:
            server_said_ = explain_lost(identity(options_), event.code);
            if (state_ == State::up) {
                worker_->disconnect(event.mqtt5);  // some versions of Paho close here but do not say `lost`
            }
            return;
        case PahoEvent::Kind::lost:
            return on_lost(event);
        case PahoEvent::Kind::disconnected:
            return on_disconnected();
        case PahoEvent::Kind::sent:
            return on_sent(event);
        case PahoEvent::Kind::send_failed:
            return on_send_failed(event);
        case PahoEvent::Kind::arrived:
            return on_arrived(event);
        case PahoEvent::Kind::ended:
            thread_.join();
            return close_handles();
    }
}

void OwnSession::connect() {
    state_ = State::connecting;
    rinsed_ = false;
    clean_ = !keep_session_ || clean_next_ || established_ != mqtt5_;
    worker_->connect(mqtt5_, clean_);
    arm(kConnectGiveUp);
}

/// A session of MQTT 3.1.1 that began clean ends with its connection. So a new one that shall be kept takes
/// two connections: one that makes the broker forget the old session, and one that begins the new.
bool OwnSession::rinse(const PahoEvent& event) {
    if (!keep_session_ || event.mqtt5 || !clean_) {
        return false;
    }
    rinsed_ = true;
    worker_->disconnect(false);
    return true;
}

void OwnSession::on_connected(const PahoEvent& event) {
    if (state_ != State::connecting || event.mqtt5 != mqtt5_) {
        if (state_ == State::connecting || state_ == State::waiting) {
            worker_->disconnect(event.mqtt5);  // the late answer to an attempt we gave up
        }
        return;
    }
    if (rinse(event)) {
        return;
    }
    state_ = State::up;
    ++counters_.connects;
    counters_.session_restarts += keep_session_ && established_ && !event.session_present ? 1 : 0;
    established_ = mqtt5_;
    connected_at_ms_ = last_progress_ms_ = uv_now(loop_);
    last_detail_.clear();
    server_said_.clear();
    // One below what the broker allows: Paho waits a second each time its own window is full (finding 0.3).
    window_ = std::max<std::size_t>(std::min<std::size_t>(event.receive_maximum, kWindowMax), 2) - 1;
    qos_max_ = std::min<std::uint8_t>(event.qos_max, 2);
    retain_available_ = event.retain_available;
    packet_max_ = event.packet_max;
    subscription_ids_ = event.subscription_ids_available;
    paused_ = false;
    sort_out_slots(event.session_present);
    if (!event.session_present) {
        seen_.forget();
    }
    uv_timer_stop(&timer_);
    if (!options_.status_topic.empty()) {
        dispatch_status("online", 1);
    }
    pump();
    const bool in_doubt = std::exchange(unanswered_, false);
    listener_.on_own_session_up(event.mqtt5, event.session_present && !in_doubt);
}

void OwnSession::on_connect_failed(const PahoEvent& event) {
    if (state_ != State::connecting || event.mqtt5 != mqtt5_) {
        return;
    }
    ++counters_.connect_failures;
    unanswered_ = unanswered_ || event.code <= 0;  // Paho does not say whether CONNECT has left
    const BrokerIdentity broker = identity(options_);
    if (is_version_refusal(event.code)) {
        mqtt5_refused_ = mqtt5_;
        mqtt5_ = !mqtt5_;
        if (mqtt5_refused_) {
            return connect();  // a clear answer: no reason to wait
        }
    }
    wait_for_next_attempt();
    if (event.code > 0) {
        report_down(explain_refusal(broker, event.code));
    } else if (event.during_tls) {
        report_down(explain_tls_failure(broker, event.detail));
    } else if (event.detail == kPahoTimeout) {
        report_down(explain_unreachable(broker, "no answer in time", event.detail));
    } else {
        paho_text_ = event.detail;
        worker_->probe();
        const bool closed =
            event.detail == "socket error" || event.detail == "TCP connect completion failure";
        const bool loyal = keep_session_ && established_ && attempts_failed_ < kLoyalAttempts;
        if (closed && !loyal) {
            mqtt5_ = !mqtt5_;  // it took CONNECT and just closed: perhaps it does not know this version
        }
    }
}

void OwnSession::on_probed(const PahoEvent& event) {
    if (state_ == State::waiting || state_ == State::connecting) {
        report_down(explain_unreachable(identity(options_), event.detail, paho_text_));
    }
}

void OwnSession::wait_for_next_attempt() {
    state_ = State::waiting;
    milliseconds delay = options_.reconnect_min;
    for (unsigned i = 0; i < attempts_failed_ && delay < options_.reconnect_max; ++i) {
        delay *= 2;
    }
    delay = std::min(delay, options_.reconnect_max);
    ++attempts_failed_;
    // Half fixed, half random, so that many gateways do not come back together.
    std::uniform_int_distribution<milliseconds::rep> half(delay.count() / 2, delay.count());
    arm(milliseconds(half(random_)));
}

void OwnSession::report_down(std::string detail) {
    if (detail != last_detail_) {
        last_detail_ = std::move(detail);
        listener_.on_own_session_down(std::string(last_detail_));
    }
}

void OwnSession::on_lost(const PahoEvent& event) {
    if (event.mqtt5 != mqtt5_) {
        return;
    }
    if (state_ == State::flushing || state_ == State::disconnecting) {
        ++counters_.connections_lost;
        return begin_end();
    }
    if (state_ != State::up) {
        return;  // an attempt that failed: connect_failed says it too
    }
    ++counters_.connections_lost;
    // Only a connection that lasted proves that all is well; a broker that takes us and throws us out again
    // (a twin with our client id does that) must not make us hurry.
    if (uv_now(loop_) - connected_at_ms_ > static_cast<std::uint64_t>(options_.reconnect_max.count())) {
        attempts_failed_ = 0;
    }
    drop_queued_qos0();
    seen_.connection_lost(uv_now(loop_));
    mqtt5_ = keep_session_ && established_ ? *established_ : !mqtt5_refused_;
    wait_for_next_attempt();
    report_down(server_said_.empty() ? explain_lost(identity(options_), -1)
                                     : std::exchange(server_said_, {}));
}

void OwnSession::on_disconnected() {
    if (state_ == State::up) {
        PahoEvent lost;
        lost.mqtt5 = mqtt5_;
        on_lost(lost);
    } else if (state_ == State::connecting && rinsed_) {
        rinsed_ = false;
        clean_ = false;
        worker_->connect(mqtt5_, false);
    } else if (state_ == State::disconnecting) {
        begin_end();
    }
}

/// True when the connection must be made anew for messages to go on. What stays unanswered on a second
/// connection is freed by a clean start.
bool OwnSession::acknowledgement_is_missing() {
    const std::uint64_t now = uv_now(loop_);
    bool missing = in_paho_ > 0 && now - last_progress_ms_ > kAckTimeoutMs;
    for (const Slot& slot : slots_) {
        missing = missing || (slot.use == Slot::Use::taken && now - slot.since_ms > kStuckMs);
    }
    for (Slot& slot : slots_) {
        if (missing && slot.use == Slot::Use::taken && now - slot.since_ms > kAckTimeoutMs &&
            ++slot.timeouts > 1) {
            clean_next_ = true;
        }
    }
    return missing;
}

void OwnSession::on_timer() {
    switch (state_) {
        case State::connecting: {
            PahoEvent event;
            event.mqtt5 = mqtt5_;
            event.code = -1;
            event.detail = kPahoTimeout;
            return on_connect_failed(event);
        }
        case State::waiting:
            return connect();
        case State::up:
            paused_ = false;
            if (acknowledgement_is_missing()) {
                ++counters_.ack_timeouts;
                last_progress_ms_ = uv_now(loop_);
                server_said_ = "the broker did not acknowledge for " + std::to_string(kAckTimeoutMs / 1000) +
                               " s; reconnecting";
                worker_->disconnect(mqtt5_);
            }
            return pump();
        case State::flushing:
            return begin_disconnect();
        case State::disconnecting:
            return begin_end();
        case State::ending:
            // The thread hangs in Paho, most likely in a name look-up. It owns what it uses and ends by
            // itself.
            thread_.detach();
            return close_handles();
        default:
            return;
    }
}

void OwnSession::finish_flush_if_empty() {
    if (state_ != State::flushing || !queued_.empty() || in_paho_ > 0) {
        return;
    }
    if (offline_due_) {
        offline_due_ = false;
        dispatch_status("offline", 1);
    } else {
        begin_disconnect();
    }
}

void OwnSession::begin_disconnect() {
    if (offline_due_) {
        // Time is up and the status is still behind others: it goes now, without an acknowledgement.
        offline_due_ = false;
        dispatch_status("offline", 0);
    }
    state_ = State::disconnecting;
    worker_->disconnect(mqtt5_, true);  // nobody will come back for this session
    arm(kDisconnect);
}

void OwnSession::begin_end() {
    counters_.unsent_at_stop = outbox_messages_;
    state_ = State::ending;
    worker_->end();
    arm(kEnd);
}

void OwnSession::close_handles() {
    state_ = State::closing;
    worker_->close_mailbox();
    const auto closed = [](uv_handle_t* handle) {
        static_cast<OwnSession*>(handle->data)->on_handle_closed();
    };
    uv_close(reinterpret_cast<uv_handle_t*>(&async_), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), closed);
}

void OwnSession::on_handle_closed() {
    if (--open_handles_ > 0) {
        return;
    }
    state_ = State::stopped;
    if (const std::function<void()> done = std::exchange(done_, nullptr)) {
        done();  // may delete this
    }
}

void OwnSession::arm(milliseconds delay) {
    uv_timer_start(
        &timer_, [](uv_timer_t* timer) { static_cast<OwnSession*>(timer->data)->on_timer(); },
        static_cast<std::uint64_t>(std::max<milliseconds::rep>(delay.count(), 0)), 0);
}

}  // namespace mqttsn::gateway
