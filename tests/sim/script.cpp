// SPDX-License-Identifier: BSD-3-Clause
#include "sim/script.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "support/cmocka.hpp"

namespace mqttsn::sim {

namespace {

constexpr Micros kTick{1000};
constexpr Micros kOutcomeMax = std::chrono::minutes{10};
constexpr Micros kQuiet = std::chrono::seconds{30};
constexpr Micros kQuietMax = std::chrono::hours{2};
constexpr long kTraceShown = 12'000;  // octets of its end
constexpr std::uint8_t kDup = 0x80;

/// The trace of the script that runs. It outlives the scripts, because a failing assert jumps over their
/// ends.
std::FILE* trace_file() {
    static std::FILE* const file = std::getenv("SCENARIO_TRACE") != nullptr ? stderr : std::tmpfile();
    return file;
}

void clear_trace() {
    if (trace_file() != nullptr && trace_file() != stderr) {
        std::rewind(trace_file());
        if (ftruncate(fileno(trace_file()), 0) != 0) {
            std::perror("ftruncate");
        }
    }
}

void show_trace() {
    if (trace_file() == nullptr || trace_file() == stderr) {
        return;
    }
    std::fflush(trace_file());
    const long size = std::ftell(trace_file());
    std::fseek(trace_file(), size > kTraceShown ? size - kTraceShown : 0, SEEK_SET);
    for (int octet = std::fgetc(trace_file()); octet != EOF; octet = std::fgetc(trace_file())) {
        std::fputc(octet, stderr);
    }
}

std::string code_text(std::uint8_t code) {
    return code == 0 ? "" : " 0" + std::to_string(code);
}

std::string describe(Way way, Bytes octets) {
    const WireMessage message = read_wire(octets);
    const std::string all = to_text(message);
    std::string text = (way == Way::up ? "> " : "< ") + all.substr(0, all.find(' '));
    switch (message.type) {
        case WireType::connect:
            text += message.clean ? " clean" : "";
            break;
        case WireType::publish:
            text += " Q" + std::to_string(message.qos);
            [[fallthrough]];
        case WireType::subscribe:
            text += message.dup ? " DUP" : "";
            break;
        case WireType::connack:
        case WireType::regack:
        case WireType::puback:
        case WireType::suback:
            text += code_text(message.code);
            break;
        case WireType::pingreq:
            text += message.has_more ? " " + std::string(message.rest) : "";
            break;
        case WireType::disconnect:
            text += message.has_more ? " sleep" : "";
            break;
        default:
            break;
    }
    return text;
}

std::string join(const std::vector<std::uint32_t>& numbers) {
    std::string text;
    for (const std::uint32_t number : numbers) {
        text += (text.empty() ? "" : ", ") + std::to_string(number);
    }
    return "[" + text + "]";
}

bool is_on_the_way(mqttsn_state state) {
    return state == MQTTSN_STATE_CONNECTING || state == MQTTSN_STATE_FALLING_ASLEEP ||
           state == MQTTSN_STATE_AWAKE || state == MQTTSN_STATE_DISCONNECTING;
}

}  // namespace

// ---------------------------------------------------------------- a device

ScriptDevice::ScriptDevice(Script& script, std::uint32_t index, const DeviceSettings& settings)
    : script_(script), index_(index), settings_(settings) {
    const bool by_name = settings.topic == TopicKind::name;
    exact_ = Device::topic_text(settings, index, Way::down, 0, false);
    filter_ = by_name ? "down/" + settings.client_id + "/+" : exact_;
}

mqttsn_state ScriptDevice::state() const {
    return script_.world_.device_state(index_);
}

void ScriptDevice::await() {
    script_.guarded([this] {
        World& world = script_.world_;
        world.touch(index_);
        for (const Micros until = world.now() + kOutcomeMax; is_on_the_way(state()) && world.now() < until;) {
            world.run_for(kTick);
        }
    });
    script_.assert_that(!is_on_the_way(state()), name() + ": no outcome within " +
                                                     std::to_string(kOutcomeMax.count() / 1'000'000) + " s");
}

void ScriptDevice::connect(bool clean) {
    script_.assert_that(mqttsn_connect(&script_.world_.client(index_), clean) == MQTTSN_OK,
                        name() + " cannot connect");
    await();
}

void ScriptDevice::disconnect() {
    script_.assert_that(mqttsn_disconnect(&script_.world_.client(index_)) == MQTTSN_OK,
                        name() + " cannot disconnect");
    await();
}

void ScriptDevice::subscribe(int qos) {
    subscribe(settings_.topic == TopicKind::name ? mqttsn_topic_name(filter_.c_str())
              : settings_.topic == TopicKind::predefined
                  ? mqttsn_topic_predefined(Device::topic_id(Way::down, 0, false))
                  : mqttsn_topic_short(filter_.c_str()),
              qos);
}

void ScriptDevice::subscribe_exactly(int qos) {
    subscribe(mqttsn_topic_name(exact_.c_str()), qos);
}

void ScriptDevice::subscribe(const mqttsn_topic& topic, int qos) {
    const std::uint64_t before = script_.subacks_;
    const std::size_t filters = script_.world_.broker().subscription_count(name());
    script_.assert_that(mqttsn_subscribe(&script_.world_.client(index_), topic, qos, nullptr) == MQTTSN_OK,
                        name() + " cannot subscribe");
    script_.guarded([&] {
        World& world = script_.world_;
        world.touch(index_);
        for (const Micros until = world.now() + kOutcomeMax;
             script_.subacks_ == before &&
             (script_.recording_ || world.broker().subscription_count(name()) == filters) &&
             state() == MQTTSN_STATE_ACTIVE && world.now() < until;) {
            world.run_for(kTick);
        }
        world.run_for(2 * kTick);  // it is on its way
    });
}

void ScriptDevice::sleep(std::chrono::seconds duration) {
    script_.assert_that(mqttsn_sleep(&script_.world_.client(index_),
                                     static_cast<std::uint16_t>(duration.count())) == MQTTSN_OK,
                        name() + " cannot sleep");
    await();
}

void ScriptDevice::start_wake() {
    script_.assert_that(mqttsn_wake(&script_.world_.client(index_)) == MQTTSN_OK, name() + " cannot wake");
    script_.guarded([this] { script_.world_.touch(index_); });
}

void ScriptDevice::wake() {
    start_wake();
    await();
}

std::uint32_t ScriptDevice::publish(int qos, std::uint32_t topic) {
    return script_.publish_up(index_, qos, topic);
}

// ---------------------------------------------------------------- the script

Script::Script(const WorldSettings& settings) : world_(settings) {
    clear_trace();
    world_.set_trace(trace_file());
    world_.set_loss(
        [this](std::uint32_t device, Way way, Bytes octets) { return take(device, way, octets); });
}

ScriptDevice& Script::device(const std::string& name, const lossy::LinkSettings& link) {
    DeviceSettings settings;
    settings.client_id = name;
    settings.keep_alive_s = 0;
    return device(settings, link);
}

ScriptDevice& Script::device(const DeviceSettings& settings, const lossy::LinkSettings& link) {
    const std::uint32_t index = world_.add_device(settings, link, {});
    world_.set_manual(index);
    devices_.emplace_back(*this, index, settings);
    run_for(Micros{0});  // power on
    return devices_.back();
}

std::uint32_t Script::self_driven(const DeviceSettings& settings, const lossy::LinkSettings& link,
                                  const DownlinkTraffic& downlink) {
    return world_.add_device(settings, link, downlink);
}

void Script::use_links() {
    world_.set_loss({});
    recording_ = false;
}

void Script::fail(const std::string& why) {
    show_trace();
    print_error("at %.3f s: %s\n", static_cast<double>(world_.now().count()) / 1e6, why.c_str());
    _fail(__FILE__, __LINE__);
    std::abort();  // not reached: _fail() leaves the test
}

template <typename Call>
void Script::guarded(Call&& call) {
    std::string broken;
    try {
        call();
    } catch (const CheckFailed& failure) {
        broken = failure.what();
    }
    if (!broken.empty()) {
        fail(broken);
    }
}

/// The world asks what becomes of each datagram. @return true = it is lost
bool Script::take(std::uint32_t device, Way way, Bytes octets) {
    std::string text = describe(way, octets);
    bool lost = false;
    for (auto rule = rules_.begin(); rule != rules_.end();) {
        if (rule->device != device || text.compare(0, rule->beginning.size(), rule->beginning) != 0 ||
            (lost && !rule->action)) {
            ++rule;
            continue;
        }
        if (rule->action) {
            world_.at(world_.now(), rule->action);
        } else {
            lost = true;
        }
        rule->left -= rule->left == kForever ? 0U : 1U;
        rule = rule->left == 0 ? rules_.erase(rule) : rule + 1;
    }
    subacks_ += !lost && text.compare(0, 8, "< SUBACK") == 0 ? 1U : 0U;
    text += lost ? " (lost)" : "";
    datagrams_.push_back({device, {octets.data, octets.data + octets.size}, std::move(text)});
    ++datagram_count_;
    return lost;
}

// ---------------------------------------------------------------- time

void Script::run_for(Micros time) {
    guarded([&] { world_.run_for(time); });
}

/// Grows with each datagram, with and without the links.
std::uint64_t Script::traffic() {
    std::uint64_t sum = datagram_count_;
    for (std::uint32_t device = 0; device < world_.device_count(); ++device) {
        const DeviceStatistics& statistics = world_.statistics(device);
        sum += statistics.datagrams_sent + statistics.datagrams_received;
    }
    return sum;
}

void Script::run_until_quiet() {
    const Micros until = world_.now() + kQuietMax;
    Micros last = world_.now();
    for (std::uint64_t before = traffic(); world_.now() - last < kQuiet;) {
        run_for(100 * kTick);
        if (const std::uint64_t now = traffic(); now != before) {
            before = now;
            last = world_.now();
        }
        assert_that(world_.now() < until, "it does not get quiet");
    }
}

void Script::settle(Micros budget) {
    guarded([&] { world_.settle(budget); });
}

// ---------------------------------------------------------------- what happens

std::uint32_t Script::application_publishes(std::uint32_t device, int qos, std::uint32_t topic) {
    std::uint32_t number = 0;
    guarded([&] { number = world_.publish_down(device, qos, topic); });
    return number;
}

std::uint32_t Script::publish_up(std::uint32_t device, int qos, std::uint32_t topic) {
    std::uint32_t number = 0;
    guarded([&] { number = world_.publish_up(device, qos, topic); });
    return number;
}

void Script::lose(const ScriptDevice& device, std::string beginning, std::uint32_t count) {
    rules_.push_back({device.index(), std::move(beginning), count, {}});
}

void Script::heal(const ScriptDevice& device) {
    std::erase_if(rules_, [&](const Rule& rule) { return rule.device == device.index() && !rule.action; });
}

void Script::when(const ScriptDevice& device, std::string beginning, std::function<void()> action) {
    rules_.push_back({device.index(), std::move(beginning), 1, std::move(action)});
}

void Script::kill_gateway(Micros outage) {
    guarded([&] { world_.kill_gateway(outage); });
}

void Script::cut_broker_connections() {
    guarded([&] { world_.cut_broker_connections(lossy::kCertain); });
}

void Script::stall_broker(Micros time) {
    guarded([&] { world_.stall_broker(time); });
}

void Script::crash_broker(Micros outage, bool keeps_memory) {
    guarded([&] { world_.crash_broker(outage, keeps_memory); });
}

void Script::switch_off(const ScriptDevice& device, Micros time) {
    guarded([&] { world_.reboot_device(device.index(), time, true, false); });
}

// ---------------------------------------------------------------- what is true

std::size_t Script::count(const ScriptDevice& device, std::string_view beginning) const {
    return static_cast<std::size_t>(
        std::count_if(datagrams_.begin(), datagrams_.end(), [&](const Datagram& one) {
            return one.device == device.index() && one.text.compare(0, beginning.size(), beginning) == 0;
        }));
}

std::string Script::last_datagram(const ScriptDevice& device) const {
    for (auto one = datagrams_.rbegin(); one != datagrams_.rend(); ++one) {
        if (one->device == device.index()) {
            return one->text;
        }
    }
    return "";
}

void Script::assert_datagrams(const ScriptDevice& device, const std::string& expected) {
    std::string sent;
    for (const Datagram& one : datagrams_) {
        if (one.device == device.index()) {
            sent += (sent.empty() ? "" : ", ") + one.text;
        }
    }
    std::erase_if(datagrams_, [&](const Datagram& one) { return one.device == device.index(); });
    if (sent != expected) {
        fail("datagrams of " + device.name() + "\n  wanted: " + expected + "\n  sent:   " + sent);
    }
}

void Script::assert_repeated_with_dup_only(const ScriptDevice& device, std::string_view beginning) {
    const Datagram* first = nullptr;
    std::size_t repetitions = 0;
    for (const Datagram& one : datagrams_) {
        if (one.device != device.index() || one.text.compare(0, beginning.size(), beginning) != 0) {
            continue;
        }
        if (first == nullptr) {
            first = &one;
            continue;
        }
        ++repetitions;
        std::vector<std::uint8_t> wanted = first->octets;
        const WireType type = read_wire(Bytes{wanted.data(), wanted.size()}).type;
        if (type == WireType::publish || type == WireType::subscribe) {
            wanted[2] |= kDup;
        }
        assert_that(one.octets == wanted, "a repetition of \"" + first->text + "\" differs in more than DUP");
    }
    assert_that(repetitions > 0, "nothing that begins with \"" + std::string(beginning) + "\" was repeated");
}

void Script::assert_numbers(std::uint32_t device, Way way, const std::vector<std::uint32_t>& numbers) {
    std::vector<std::uint32_t> came;
    const std::vector<MessageRecord>& messages = world_.ledger().messages();
    for (std::uint32_t number = 0; number < messages.size(); ++number) {
        if (messages[number].device == device && messages[number].way == way &&
            messages[number].arrivals > 0) {
            came.push_back(number);
        }
    }
    std::sort(came.begin(), came.end(), [&](std::uint32_t left, std::uint32_t right) {
        return messages[left].arrival_rank < messages[right].arrival_rank;
    });
    if (came != numbers) {
        fail("messages\n  wanted: " + join(numbers) + "\n  came:   " + join(came));
    }
    for (const std::uint32_t number : numbers) {
        assert_arrivals(number, 1);
    }
}

void Script::assert_messages(const ScriptDevice& device, const std::vector<std::uint32_t>& numbers) {
    assert_numbers(device.index(), Way::down, numbers);
}

void Script::assert_published(const ScriptDevice& device, const std::vector<std::uint32_t>& numbers) {
    assert_numbers(device.index(), Way::up, numbers);
}

void Script::assert_arrivals(std::uint32_t number, unsigned times) {
    assert_that(message(number).arrivals == times, "message " + std::to_string(number) + " came " +
                                                       std::to_string(message(number).arrivals) +
                                                       " times, not " + std::to_string(times));
}

void Script::assert_promises_kept() {
    guarded([&] { world_.check_delivered(); });
}

void Script::assert_that(bool holds, const std::string& what) {
    if (!holds) {
        fail(what);
    }
}

// ---------------------------------------------------------------- usual beginnings

ScriptDevice& subscriber(Script& s, const std::string& name) {
    ScriptDevice& device = s.device(name);
    device.connect();
    device.subscribe(2);
    return device;
}

ScriptDevice& acquainted(Script& s, const std::string& name) {
    ScriptDevice& device = subscriber(s, name);
    device.publish(0);
    s.application_publishes(device, 0);
    s.run_until_quiet();
    s.forget_datagrams();
    return device;
}

ScriptDevice& sleeper(Script& s, std::chrono::seconds duration, const std::string& name) {
    ScriptDevice& device = acquainted(s, name);
    device.sleep(duration);
    s.assert_that(device.state() == MQTTSN_STATE_ASLEEP, name + " does not sleep");
    s.forget_datagrams();
    return device;
}

}  // namespace mqttsn::sim
