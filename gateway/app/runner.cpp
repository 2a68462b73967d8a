// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/runner.hpp"

#include <uv.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/app/counter_log.hpp"
#include "gateway/app/discovery_groups.hpp"
#include "gateway/app/event_log.hpp"
#include "gateway/app/open_files.hpp"
#include "gateway/app/parts_of_config.hpp"
#include "gateway/app/supervisor.hpp"
#include "gateway/broker/own_session.hpp"
#include "gateway/core/gateway.hpp"
#include "gateway/core/predefined_topics.hpp"
#include "gateway/core/text.hpp"
#include "gateway/net/udp_listener.hpp"

namespace mqttsn::gateway {
namespace {

constexpr std::uint64_t kStopMs = 3500;       // what is not closed by then ends without ceremony
constexpr std::uint64_t kHouseworkMs = 1000;  // counts of suppressed log lines
constexpr std::uint64_t kSameSignalMs = 100;
constexpr std::uint64_t kSameTroubleMs = 60000;
constexpr std::size_t kTroublesMax = 8;
constexpr std::uint64_t kSameFloodMs = 10000;
constexpr std::uint32_t kCountersEverySeconds = 60;
constexpr std::uint32_t kGroupsEverySeconds = 30;  // tries again those that could not be joined

constexpr std::array<int, 3> kSignals{SIGTERM, SIGINT, SIGHUP};
constexpr std::array<int, 2> kSignalsIgnored{SIGUSR1, SIGUSR2};  // they would end the process

void close_handle(uv_handle_t* handle) {
    if (uv_is_closing(handle) == 0) {
        uv_close(handle, nullptr);
    }
}

template <typename Handle>
uv_handle_t* as_handle(Handle& handle) {
    return reinterpret_cast<uv_handle_t*>(&handle);
}

}  // namespace

struct Runner::Parts final : DatagramReceiver, GroupReceiver, EngineListener, OwnSessionListener {
    enum class State : std::uint8_t { starting, running, stopping, closing };

    Parts(const Config& initial, const CliOptions& cli, Log& sink)
        : config(initial), options(cli), log(sink), core(core_settings(initial), random_seed()) {}

    Config config;
    CliOptions options;
    Log& log;
    Gateway core;
    State state = State::starting;
    int exit_code = kExitDone;

    uv_loop_t loop{};
    uv_timer_t deadline{};
    uv_timer_t housework{};
    uv_timer_t alive{};
    Supervisor supervisor{supervisor_wish()};
    uv_prepare_t turn{};
    std::array<uv_signal_t, kSignals.size()> signals{};
    std::vector<std::unique_ptr<UdpListener>> listeners;
    DiscoveryGroups groups{&loop, config, log, *this};
    std::unique_ptr<Engine> engine;
    std::unique_ptr<OwnSession> own_session;
    bool own_session_started = false;
    bool own_session_stopped = false;
    Instant armed = kNever;
    struct Trouble {
        std::string detail;
        std::uint64_t said_ms = 0;
    };
    std::vector<Trouble> troubles;  ///< the latest kinds that were said, oldest first
    bool trouble_over = false;
    std::uint64_t flood_said_ms = 0;
    std::uint64_t stopping_since = 0;
    std::uint32_t housework_turns = 0;
    CounterLog counter_log;

    Instant now() const { return Instant{Millis{static_cast<std::int64_t>(uv_now(&loop))}}; }

    // Inputs.
    void on_datagram(const Endpoint& from, Bytes datagram) override {
        core.handle_datagram(now(), from, datagram);
        drain();
    }
    void on_flood(const Endpoint& from) override {
        if (flood_said_ms != 0 && uv_now(&loop) - flood_said_ms < kSameFloodMs) {
            return;  // who floods from many ports shall not flood the log; the counters tell
        }
        flood_said_ms = uv_now(&loop);
        log.write(LogLevel::warn, "a source floods; slowed down",
                  {{"from", to_string(from)}, {"datagrams_per_second", SourceShare::kPerSecond}});
    }
    bool speaks_for_many(const Endpoint& from) const override {
        return config.core.listeners[from.listener].forwarders.names(from.address);
    }
    void on_datagram_ahead(const Endpoint& from) override { core.expect_datagram(from); }
    void on_group_datagram(std::uint8_t group, const Endpoint& from, bool own, Bytes datagram) override {
        core.handle_group_datagram(now(), group, from, own, datagram);
        drain();
    }
    void on_link_opened(LinkId link, bool session_present) override {
        trouble_over = true;
        core.handle_link_opened(now(), link, session_present);
        drain();
    }
    void on_link_refused(LinkId link, std::uint8_t code) override {
        core.handle_link_refused(now(), link, code);
        drain();
    }
    void on_link_closed(LinkId link, LinkCloseReason reason, std::string_view detail) override {
        say_broker_trouble(reason, detail);
        core.handle_link_closed(now(), link, reason);
        drain();
    }
    void on_packet(LinkId link, const mqtt::Packet& packet) override {
        core.handle_packet(now(), link, packet);
        drain();
    }
    void on_link_congested(LinkId link, bool congested) override {
        core.handle_link_congested(now(), link, congested);
        drain();
    }
    void on_engine_notice(std::string_view text) override {
        log.write(LogLevel::warn, text, {{"broker", to_string(config.broker)}});
    }
    void on_own_session_up(bool mqtt5, bool session_present) override {
        log.write(LogLevel::info, "gateway's own session is up",
                  {{"broker", to_string(config.broker)}, {"mqtt", mqtt5 ? "5" : "3.1.1"}});
        core.handle_link_opened(now(), kOwnLink, session_present);
        drain();
    }
    void on_own_session_down(std::string_view detail) override {
        log.write(LogLevel::error, "gateway's own session is down",
                  {{"broker", to_string(config.broker)}, {"detail", detail}});
        core.handle_link_closed(now(), kOwnLink, LinkCloseReason::closed_by_peer);
        drain();
    }
    void on_own_packet(const mqtt::Packet& packet) override {
        core.handle_packet(now(), kOwnLink, packet);
        drain();
    }
    void on_own_session_congested(bool congested) override {
        core.handle_link_congested(now(), kOwnLink, congested);
        drain();
    }

    // Outputs.
    void drain() {
        while (const Output* const output = core.poll_output()) {
            std::visit([this](const auto& effect) { apply(effect); }, *output);
        }
    }
    void apply(const SendDatagram& effect) { listeners[effect.to.listener]->send(effect.to, effect.octets); }
    void apply(const SendToGroup& effect) { groups.send(effect); }
    void apply(const LinkOpen& effect) { engine->open(effect.link, effect.connect); }
    void apply(const LinkClose& effect) { engine->close(effect.link, effect.with_disconnect); }
    void apply(const LinkRead& effect) { engine->set_reading(effect.link, effect.on); }
    void apply(const Event& effect) { log_event(log, effect); }
    void apply(const LinkSend& effect) {
        if (effect.link == kOwnLink) {
            own_session->send(effect.packet);
        } else {
            engine->send(effect.link, effect.packet);
        }
    }

    /// Before the loop waits for the next thing: write what this turn has brought, arm the one timer.
    void end_turn() {
        engine->flush();
        if (state == State::stopping && engine->link_count() == 0 && own_session_stopped) {
            close_all();
            return;
        }
        const Instant next = core.next_deadline();
        if (next == armed || state == State::closing) {
            return;
        }
        armed = next;
        if (next == kNever) {
            uv_timer_stop(&deadline);
            return;
        }
        const auto delay = std::max<std::int64_t>(0, (next - now()).count());
        uv_timer_start(&deadline, on_deadline, static_cast<std::uint64_t>(delay), 0);
    }

    bool is_new_trouble(std::string_view detail) {
        auto said = std::find_if(troubles.begin(), troubles.end(),
                                 [&](const Trouble& trouble) { return trouble.detail == detail; });
        if (said != troubles.end() && (!trouble_over || uv_now(&loop) - said->said_ms < kSameTroubleMs)) {
            return false;
        }
        if (said != troubles.end()) {
            troubles.erase(said);
        } else if (troubles.size() == kTroublesMax) {
            troubles.erase(troubles.begin());
        }
        troubles.push_back({std::string(detail), uv_now(&loop)});
        trouble_over = false;
        return true;
    }

    /// Once for each kind of trouble: ten thousand sessions lose their connections in the same instant, and
    /// where descriptors are scarce one connects and the next does not.
    void say_broker_trouble(LinkCloseReason reason, std::string_view detail) {
        if (reason == LinkCloseReason::requested || reason == LinkCloseReason::closed_by_peer ||
            !is_new_trouble(detail)) {
            return;
        }
        log.write(LogLevel::error, link_close_reason_text(reason),
                  {{"broker", to_string(config.broker)},
                   {"detail", detail},
                   {"next", "tries again; is the broker running there? (broker.url, --broker)"}});
    }

    void do_housework() {
        log.flush_suppressed();
        if (housework_turns % kGroupsEverySeconds == 0) {
            groups.open(listeners);
        }
        if (++housework_turns % kCountersEverySeconds == 0) {
            counter_log.write_refusals(log, core.counters());
            counter_log.write_socket_losses(log, socket_losses());
            counter_log.write_losses(log, broker_losses());
        }
    }
    SocketLosses socket_losses() const {
        SocketLosses sum;
        for (const auto& listener : listeners) {
            sum.of_flooding_sources += listener->counters().dropped_flood;
            sum.by_kernel += listener->dropped_by_kernel();
        }
        return sum;
    }
    BrokerLosses broker_losses() const {
        const OwnSessionCounters own = own_session->counters();
        return {engine->messages_lost(), own.arrivals_lost + own.events_lost,
                own.lost_qos0 + own.refused_by_broker + own.refused_too_large};
    }

    bool start();
    bool open_listeners();
    void stop();
    void close_all();
    void reload();
    void on_signal(int number);

    static Parts& self(void* data) { return *static_cast<Parts*>(data); }
    static void on_deadline(uv_timer_t* timer) {
        Parts& parts = self(timer->data);
        parts.armed = kNever;
        parts.core.handle_deadline(parts.now());
        parts.drain();
    }
};

bool Runner::Parts::open_listeners() {
    for (std::size_t i = 0; i < config.listen.size(); ++i) {
        const HostPort& at = config.listen[i].at;
        auto listener = std::make_unique<UdpListener>(&loop, static_cast<std::uint16_t>(i), *this,
                                                      config.core.listeners[i].max_datagram);
        const std::string error = listener->open(UdpAddress{at.host, at.port, at.ipv6});
        if (!error.empty()) {
            log.write(LogLevel::error, error);
            return false;
        }
        ListenUrl url = config.listen[i];
        url.at.port = listener->port();
        log.write(LogLevel::info, "listening",
                  {{"url", to_string(url)}, {"receive_buffer", listener->receive_buffer()}});
        for (const std::string& warning : listener->small_buffers()) {
            log.write(LogLevel::warn, warning);
        }
        listeners.push_back(std::move(listener));
    }
    return true;
}

bool Runner::Parts::start() {
    uv_loop_init(&loop);
    uv_timer_init(&loop, &deadline);
    uv_timer_init(&loop, &housework);
    uv_timer_init(&loop, &alive);
    uv_prepare_init(&loop, &turn);
    deadline.data = housework.data = alive.data = turn.data = this;
    std::string error;
    engine = make_engine(config, &loop, *this, error);
    if (engine == nullptr) {
        log.write(LogLevel::error, error);
        return false;
    }
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        uv_signal_init(&loop, &signals[i]);
        signals[i].data = this;
        uv_signal_start(
            &signals[i], [](uv_signal_t* handle, int number) { self(handle->data).on_signal(number); },
            kSignals[i]);
    }
    for (const int number : kSignalsIgnored) {
        std::signal(number, SIG_IGN);
    }
    if (!open_listeners()) {
        return false;
    }
    groups.open(listeners);
    uv_prepare_start(&turn, [](uv_prepare_t* handle) { self(handle->data).end_turn(); });
    uv_timer_start(
        &housework, [](uv_timer_t* timer) { self(timer->data).do_housework(); }, kHouseworkMs, kHouseworkMs);
    if (const std::uint64_t ms = supervisor.alive_every_ms(); ms > 0) {
        uv_timer_start(
            &alive, [](uv_timer_t* timer) { self(timer->data).supervisor.say_alive(); }, ms, ms);
    }
    own_session = std::make_unique<OwnSession>(&loop, own_session_options(config), *this);
    own_session_started = own_session->start();
    own_session_stopped = !own_session_started;
    state = State::running;
    return true;
}

void Runner::Parts::on_signal(int number) {
    if (number == SIGHUP) {
        reload();
    } else if (state == State::stopping && uv_now(&loop) - stopping_since < kSameSignalMs) {
        // A terminal or a supervisor often signals the whole process group and the process: that is one wish.
    } else if (state == State::running) {
        stopping_since = uv_now(&loop);
        log.write(LogLevel::info, "stopping",
                  {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"},
                   {"sessions", core.session_count()},
                   {"connections", engine->link_count()}});
        stop();
    } else {
        log.write(LogLevel::warn, "stopping at once, by a second signal");
        exit_code = kExitFailed;
        close_all();
    }
}

void Runner::Parts::reload() {
    ConfigResult result = load_config(options.config_file, options.overrides);
    if (!result.config) {
        for (const ConfigError& error : result.errors) {
            log.write(LogLevel::error, "config not reloaded, the old one stays",
                      {{"error", to_string(error)}});
        }
        return;
    }
    for (const std::string& warning : result.config->warnings) {
        log.write(LogLevel::warn, "config", {{"warning", warning}});
    }
    for (const std::string& key : changes_needing_restart(config, *result.config)) {
        log.write(LogLevel::warn, "changed, but needs a restart", {{"key", key}});
    }
    config.core.predefined_topics = result.config->core.predefined_topics;
    config.core.clients = result.config->core.clients;
    config.log_level = result.config->log_level;
    log.set_level(config.log_level);
    core.handle_reload(now(), core_settings(config));
    drain();
    log.write(LogLevel::info, "config reloaded",
              {{"predefined_topics", config.core.predefined_topics.size()},
               {"client_rules", config.core.clients.size()}});
}

/// Devices get DISCONNECT, the broker connections end with DISCONNECT, the status becomes "offline".
void Runner::Parts::stop() {
    state = State::stopping;
    supervisor.say_stopping();
    counter_log.write_all(log, core.counters());
    counter_log.write_socket_losses(log, socket_losses());
    counter_log.write_losses(log, broker_losses());
    core.handle_shutdown(now());
    drain();
    if (own_session_started) {
        own_session->stop([this] { own_session_stopped = true; });
    }
    uv_timer_start(
        &housework, [](uv_timer_t* timer) { self(timer->data).close_all(); }, kStopMs, 0);
}

void Runner::Parts::close_all() {
    if (state == State::closing) {
        return;
    }
    if (own_session_started && !own_session_stopped && state != State::stopping) {
        own_session->stop([this] { own_session_stopped = true; });
    }
    state = State::closing;
    if (engine != nullptr) {
        if (engine->link_count() > 0) {
            log.write(LogLevel::warn,
                      "broker connections cut without DISCONNECT: the broker publishes their wills",
                      {{"connections", engine->link_count()}});
        }
        engine->flush();
        engine->shutdown();
    }
    groups.close();
    for (const auto& listener : listeners) {
        listener->close();
    }
    close_handle(as_handle(deadline));
    close_handle(as_handle(housework));
    close_handle(as_handle(alive));
    close_handle(as_handle(turn));
    for (uv_signal_t& handle : signals) {
        if (handle.data != nullptr) {
            close_handle(as_handle(handle));
        }
    }
}

Runner::Runner(const Config& config, const CliOptions& options, Log& log)
    : parts_(std::make_unique<Parts>(config, options, log)) {}
Runner::~Runner() = default;

int Runner::run() {
    Parts& parts = *parts_;
    const std::uint64_t open_files = raise_open_files();
    if (!parts.start()) {
        parts.exit_code = kExitFailed;
        parts.close_all();
    } else {
        parts.log.write(LogLevel::info, "started", {{"broker", to_string(parts.config.broker)}});
        const std::string few = too_few_open_files(open_files, parts.config.core.limits.sessions);
        if (!few.empty() && has_dedicated_sessions(parts.config)) {
            parts.log.write(LogLevel::info, "too few open files for all sessions", {{"detail", few}});
        }
        parts.supervisor.say_ready();
    }
    uv_run(&parts.loop, UV_RUN_DEFAULT);
    uv_loop_close(&parts.loop);
    if (parts.exit_code == kExitDone) {
        parts.log.write(LogLevel::info, "stopped");
    }
    return parts.exit_code;
}

}  // namespace mqttsn::gateway
