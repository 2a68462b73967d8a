// SPDX-License-Identifier: BSD-3-Clause
#include "bench/run.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "gateway/app/text.hpp"

namespace mqttsn::load {
namespace {

constexpr std::uint64_t kMqttTag = std::uint64_t{1} << 40;  // plus the client's index; below: devices
constexpr std::size_t kSpareFiles = 16;                     // standard streams, epoll, the broker, /proc
constexpr std::uint64_t kTurnMaxNs = 100'000'000;           // so that a signal is seen
constexpr std::uint64_t kStallNs = 500'000'000;
constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr double kAnswerSeconds = 10;  // of the broker
constexpr double kLeaveSeconds = 3;
constexpr double kTurnsOfRetries = 3;  // CONNECT, then REGISTER or SUBSCRIBE; one for good measure
constexpr std::size_t kQueuedMax = 1 << 20;
constexpr std::uint32_t kUnacknowledgedMax = 30'000;
constexpr std::uint32_t kUnreleasedMax =
    20;                               // QoS 2: mosquitto forgets what goes beyond its max_inflight_messages
constexpr double kTailSeconds = 0.1;  // for repetitions that come after everything has arrived

volatile std::sig_atomic_t g_interrupted = 0;

std::string written(const HostAndPort& at) {
    const bool ipv6 = at.host.find(':') != std::string::npos;
    return (ipv6 ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
}

/// T_retry after the last repetition.
double retrying_seconds(const LoadOptions& options) {
    return options.retry_s * (options.retries + 1.0);
}

void note_usage(const LoadOptions& options, Result& result, bool before) {
    const auto note = [before](UsagePair& pair, int pid) {
        (before ? pair.before : pair.after) = process_usage(pid);
    };
    if (options.gateway_pid != 0) {
        note(result.gateway, options.gateway_pid);
    }
    if (options.broker_pid != 0) {
        note(result.broker, options.broker_pid);
    }
    note(result.self, 0);
}

}  // namespace

Run::Run(Result& result, SetUp set_up, std::size_t streams)
    : result_(result),
      options_(result.options),
      mqtt_(poller_, *this),
      fleet_(result, poller_, *this, set_up),
      ledger_(streams) {}

void Run::interrupt() {
    g_interrupted = 1;
}

void Run::fail(const std::string& problem) {
    if (result_.problem.empty() && !ending_) {
        result_.problem = problem;
    }
}

void Run::check_file_limit() {
    const std::size_t limit = raise_file_limit();
    if (options_.devices + kSpareFiles > limit) {
        fail("--devices " + std::to_string(options_.devices) + " does not fit: the limit of open files is " +
             std::to_string(limit) + " (ulimit -Hn), enough for " +
             std::to_string(limit > kSpareFiles ? limit - kSpareFiles : 0) + " devices");
    }
}

void Run::execute() {
    live_ = ::isatty(STDERR_FILENO) != 0;
    progress_ns_ = live_ || options_.progress ? after(1) : kNever;
    for (const int pid : {options_.gateway_pid, options_.broker_pid}) {
        if (pid != 0 && !process_usage(pid)) {
            fail("there is no process " + std::to_string(pid));
        }
    }
    check_file_limit();
    if (!poller_.usable()) {
        fail("the system gives no epoll descriptor");
    }
    if (!over()) {
        go();
        await_silent_devices();
    }
    // What is cut short is not lost: what was on its way when the signal came is waited for.
    leave();
    if (live_ && progress_ns_ != kNever) {
        std::fputs("\r\x1b[K", stderr);
    }
    result_.counters.arrived = ledger_.arrived();
    result_.counters.duplicates = ledger_.duplicates();
    result_.counters.out_of_order = ledger_.late();
}

void Run::turn() {
    mqtt_.flush_all();
    std::uint64_t until = std::min({pump_ns_, limit_ns_, progress_ns_, steady_ns() + kTurnMaxNs});
    if (fleet_open_) {
        until = std::min(until, fleet_.next_ns());
    }
    for (const Ready& ready : poller_.wait(until)) {
        dispatch(ready);
    }
    const std::uint64_t now = steady_ns();
    if (fleet_open_) {
        fleet_.step(now);
    }
    if (fleet_.dropped() > 0) {
        note_dropped();
    }
    pump_ns_ = ending_ ? kNever : pump(now);
    if (now >= progress_ns_) {
        show_progress(now);
    }
    if (g_interrupted != 0) {
        result_.interrupted = true;
    }
}

/// A device that has heard nothing since it gave up lost the gateway; one that has was refused.
void Run::note_dropped() {
    if (ending_) {
        return;
    }
    gateway_lost_ = fleet_.silent() > 0;
    if (!gateway_lost_) {
        fail(std::to_string(fleet_.dropped()) + " of " + std::to_string(options_.devices) +
             " devices lost the gateway " + written(options_.gateway) + " and could not connect again" +
             refused_text(result_));
    }
}

void Run::await_silent_devices() {
    if (fleet_open_ && !over() && fleet_.silent() > 0) {
        loop_until([this] { return fleet_.silent() == 0; }, kTurnsOfRetries * retrying_seconds(options_));
    }
}

void Run::dispatch(const Ready& ready) {
    if (ready.tag >= kMqttTag) {
        clients_[static_cast<std::size_t>(ready.tag - kMqttTag)]->on_ready(ready.events);
    } else {
        fleet_.on_readable(static_cast<std::size_t>(ready.tag));
    }
}

MqttClient& Run::add_client() {
    const std::size_t index = clients_.size();
    clients_.push_back(std::make_unique<MqttClient>(mqtt_, index));
    const std::string id = index == 0
                               ? options_.client_id + "-" + std::to_string(result_.run) + "-broker-side"
                               : device_id(options_, result_.run, index - 1);
    const std::string problem = clients_.back()->open(broker_address_, kMqttTag + index, id);
    if (!problem.empty()) {
        fail("no connection to the broker " + written(options_.broker) + ": " + problem);
    }
    return *clients_.back();
}

void Run::open_broker(const char* role) {
    const std::string problem = resolve(options_.broker, broker_address_);
    if (!problem.empty()) {
        fail(problem + "; check --broker");
        return;
    }
    add_client();
    loop_until([this] { return clients_[0]->connected(); }, kAnswerSeconds);
    if (!over() && !clients_[0]->connected()) {
        fail("the broker " + written(options_.broker) + " does not answer the " + role);
    }
}

void Run::subscribe_broker(const std::string& filter) {
    if (over()) {
        return;
    }
    clients_[0]->subscribe(filter, static_cast<std::uint8_t>(options_.subscriber_qos));
    loop_until([this] { return subscribed_; }, kAnswerSeconds);
    if (!over() && !subscribed_) {
        fail("the broker " + written(options_.broker) + " does not answer SUBSCRIBE");
    }
}

void Run::set_up_devices() {
    if (over()) {
        return;
    }
    Address gateway;
    std::string problem = resolve(options_.gateway, gateway);
    if (!problem.empty()) {
        fail(problem + "; check --gateway");
        return;
    }
    problem = fleet_.open(gateway);
    if (!problem.empty()) {
        fail(problem);
        return;
    }
    fleet_open_ = setting_up_ = true;
    if (options_.gateway_pid != 0) {
        result_.gateway_connecting.before = process_usage(options_.gateway_pid);
    }
    const std::uint64_t begin = steady_ns();
    fleet_.start(begin);
    loop_until([this] { return fleet_.set_up_over() || fleet_.nobody_there(); });
    result_.connect_ns = fleet_.set_up_ns() > begin ? fleet_.set_up_ns() - begin : 0;
    if (options_.gateway_pid != 0) {
        result_.gateway_connecting.after = process_usage(options_.gateway_pid);
    }
    setting_up_ = false;
    if (fleet_.nobody_there()) {
        fail("no gateway at " + written(options_.gateway) +
             ": the system says \"connection refused\"; check --gateway");
    } else if (fleet_.failed() > 0) {
        fail(set_up_problem());
    }
}

std::string Run::set_up_problem() const {
    const Counters& counters = result_.counters;
    std::string text = std::to_string(fleet_.failed()) + " of " + std::to_string(options_.devices) +
                       " devices could not be set up at " + written(options_.gateway);
    text += refused_text(result_);
    if (counters.gave_up > 0) {
        text += "; without an answer: " + std::to_string(counters.gave_up);
    }
    return fleet_.ever_heard() ? text : text + "; nothing came from there: check --gateway";
}

void Run::leave() {
    ending_ = true;
    const bool evident = result_.lost_so_far(ledger_.arrived()) > 0 || fleet_.unanswered() > 0 ||
                         result_.counters.cut_short > 0 || options_.mode == Mode::idle;
    result_.silent_devices = fleet_.silent();
    gateway_lost_ = false;
    const bool interrupted = std::exchange(result_.interrupted, false);
    const std::string problem = std::exchange(result_.problem, "");
    g_interrupted = 0;
    if (fleet_open_ && !fleet_.nobody_there()) {
        fleet_.leave(steady_ns());
        loop_until([this] { return fleet_.left(); }, kLeaveSeconds);
        // One DISCONNECT without an answer is a datagram lost; that no device heard anything is told only
        // when something else speaks for it, too.
        if (!fleet_.heard() && fleet_.ever_heard() && !result_.interrupted &&
            (evident || result_.counters.socket_errors > 0)) {
            result_.silent_devices = std::max<std::uint64_t>(result_.silent_devices, fleet_.leavers());
        }
    }
    for (const auto& client : clients_) {
        client->disconnect();
    }
    result_.interrupted = interrupted || result_.interrupted;
    result_.problem = problem;
}

void Run::begin_measuring() {
    note_usage(options_, result_, true);
    begin_ns_ = last_arrival_ns_ = usage_begin_ns_ = steady_ns();
}

void Run::end_measuring() {
    note_usage(options_, result_, false);
    result_.usage_ns = steady_ns() - usage_begin_ns_;
    result_.measured_ns = last_arrival_ns_ - begin_ns_;
}

void Run::await_arrivals() {
    const std::uint64_t settle = static_cast<std::uint64_t>(options_.settle_s * 1e9);
    const std::uint64_t from = steady_ns();
    take_interrupt();
    loop_until([&] {
        limit_ns_ = std::max(from, last_arrival_ns_) + settle;
        return ledger_.arrived() + result_.counters.refused_messages >= result_.counters.sent ||
               steady_ns() >= limit_ns_;
    });
    limit_ns_ = kNever;
    if (result_.interrupted) {
        note_cut_short();
    }
    loop_until([] { return false; }, kTailSeconds);
}

bool Run::take_interrupt() {
    g_interrupted = 0;
    return std::exchange(result_.interrupted, false);
}

void Run::note_cut_short() {
    const std::uint64_t missing = result_.lost_so_far(ledger_.arrived());
    const std::uint64_t refused = result_.counters.refused_messages;
    result_.counters.cut_short = missing > refused ? missing - refused : 0;
}

PacerSettings Run::pacer_settings() const {
    PacerSettings settings;
    settings.senders = options_.devices;
    settings.each_max = options_.device_window;
    settings.window = options_.window;
    settings.rate = options_.rate;
    settings.burst = options_.burst;
    settings.count = options_.count;
    settings.duration_ns = options_.seconds > 0 ? static_cast<std::uint64_t>(options_.seconds * 1e9) : kNever;
    return settings;
}

bool Run::is_ours(Bytes payload, Stamp& stamp) {
    const PayloadCheck check = read_payload(payload, result_.run, options_.payload, stamp);
    result_.counters.damaged += check == PayloadCheck::damaged ? 1U : 0U;
    result_.counters.foreign += check == PayloadCheck::foreign ? 1U : 0U;
    return check == PayloadCheck::intact;
}

std::uint32_t Run::arrive(std::size_t stream, const Stamp& stamp, std::uint64_t now_ns) {
    const Ledger::Entry entry = ledger_.arrive(stream, stamp.sequence);
    if (entry.arrival != Arrival::duplicate) {
        result_.latency.record(now_ns - stamp.sent_ns);
        last_arrival_ns_ = now_ns;
    }
    return entry.advanced;
}

bool Run::stalled(std::uint64_t now_ns) const {
    return options_.qos <= 0 && now_ns > last_arrival_ns_ + kStallNs;
}

bool Run::broker_is_behind() const {
    return clients_[0]->queued() > kQueuedMax ||
           clients_[0]->unacknowledged() >= (options_.qos == 2 ? kUnreleasedMax : kUnacknowledgedMax);
}

void Run::on_connack(MqttClient& client, std::uint8_t code, std::uint64_t) {
    if (code != 0) {
        fail("the broker " + written(options_.broker) + " refuses the connection: CONNACK code " +
             std::to_string(code));
        return;
    }
    ++clients_connected_;
    (void)client;
}

void Run::on_suback(MqttClient&, std::uint8_t code) {
    subscribed_ = true;
    if (code > 2) {
        fail("the broker " + written(options_.broker) + " refuses the subscription");
    }
}

void Run::on_closed(MqttClient& client, const std::string& why) {
    const std::string who = client.index() == 0 ? "" : " (client " + std::to_string(client.index()) + ")";
    const bool nobody = why == gateway::system_message(ECONNREFUSED);
    fail("no connection to the broker " + written(options_.broker) + who + ": " + why +
         (nobody ? "; start it or correct --broker" : ""));
}

void Run::show_progress(std::uint64_t now_ns) {
    progress_ns_ += kSecondNs;
    const Counters& counters = result_.counters;
    std::string line;
    if (setting_up_ || begin_ns_ == 0) {
        line = std::to_string(counters.connected + (clients_connected_ > 1 ? clients_connected_ - 1 : 0)) +
               " of " + std::to_string(options_.devices) + " connected";
    } else {
        const std::uint64_t arrived = ledger_.arrived();
        line = std::to_string((now_ns - begin_ns_) / kSecondNs) + " s  sent " +
               std::to_string(counters.sent) + "  arrived " + std::to_string(arrived) + "  " +
               std::to_string(arrived - arrived_before_) + "/s";
        arrived_before_ = arrived;
    }
    line += "  retransmissions " + std::to_string(counters.retransmissions);
    std::fprintf(stderr, live_ ? "\r%s\x1b[K" : "%s\n", line.c_str());
    std::fflush(stderr);
}

}  // namespace mqttsn::load
