// SPDX-License-Identifier: BSD-3-Clause
//
// Length: half of it is the table of exchanges.
#include "sim/masks.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <vector>

#include "sim/wire_message.hpp"

namespace mqttsn::sim {

namespace {

constexpr Micros kSecond{1'000'000};
constexpr Micros kStep{500'000};
/// Who waits for an answer repeats itself earlier, so nobody does: T_retry, and the quarter that a device may
/// add.
constexpr Micros kQuiet{1'300'000};
/// Three times everything lost, each followed by a reconnection that loses as much, and the gateway's
/// supervision of a device that it cannot reach.
constexpr Micros kBudget = 120 * kSecond;
/// Nothing may come again, and nobody may be given up, for so long after the end: two keep-alive periods, or
/// wake-ups.
constexpr Micros kAftermath = 22 * kSecond;
constexpr std::uint16_t kKeepAliveSeconds = 10;
constexpr std::uint16_t kSleepSeconds = 60;

constexpr std::array kExchanges{
    Exchange{.name = "connect", .datagrams = "CONNECT CONNACK"},
    Exchange{.name = "connect_clean", .datagrams = "CONNECT CONNACK", .clean = true},
    Exchange{.name = "connect_will",
             .datagrams = "CONNECT WILLTOPICREQ WILLTOPIC WILLMSGREQ WILLMSG CONNACK",
             .will = true},
    Exchange{.name = "connect_will_clean",
             .datagrams = "CONNECT WILLTOPICREQ WILLTOPIC WILLMSGREQ WILLMSG CONNACK",
             .clean = true,
             .will = true},
    Exchange{.name = "subscribe",
             .datagrams = "SUBSCRIBE SUBACK",
             .topic = TopicKind::name,
             .subscribes = true,
             .subscriptions = 1},
    Exchange{.name = "subscribe_predefined",
             .datagrams = "SUBSCRIBE SUBACK",
             .subscribes = true,
             .subscriptions = 1},
    Exchange{.name = "unsubscribe",
             .datagrams = "UNSUBSCRIBE UNSUBACK",
             .begin = Begin::unsubscribe,
             .topic = TopicKind::name,
             .subscribes = true,
             .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "register_qos0",
             .datagrams = "REGISTER REGACK PUBLISH",
             .begin = Begin::publish_up,
             .topic = TopicKind::name,
             .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "register_qos1",
             .datagrams = "REGISTER REGACK PUBLISH PUBACK",
             .begin = Begin::publish_up,
             .qos = 1,
             .topic = TopicKind::name,
             .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "register_qos2",
             .datagrams = "REGISTER REGACK PUBLISH PUBREC PUBREL PUBCOMP",
             .begin = Begin::publish_up,
             .qos = 2,
             .topic = TopicKind::name,
             .from = MQTTSN_STATE_ACTIVE},
    Exchange{
        .name = "qos0_up", .datagrams = "PUBLISH", .begin = Begin::publish_up, .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "qos1_up",
             .datagrams = "PUBLISH PUBACK",
             .begin = Begin::publish_up,
             .qos = 1,
             .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "qos1_up_clean",
             .datagrams = "PUBLISH PUBACK",
             .begin = Begin::publish_up,
             .qos = 1,
             .clean = true,
             .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "qos1_up_known_name",
             .datagrams = "PUBLISH PUBACK",
             .begin = Begin::publish_up,
             .qos = 1,
             .topic = TopicKind::name,
             .after_another = true,
             .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "qos2_up",
             .datagrams = "PUBLISH PUBREC PUBREL PUBCOMP",
             .begin = Begin::publish_up,
             .qos = 2,
             .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "qos0_down",
             .datagrams = "PUBLISH",
             .begin = Begin::publish_down,
             .subscribes = true,
             .from = MQTTSN_STATE_ACTIVE,
             .subscriptions = 1},
    Exchange{.name = "qos1_down",
             .datagrams = "PUBLISH PUBACK",
             .begin = Begin::publish_down,
             .qos = 1,
             .subscribes = true,
             .from = MQTTSN_STATE_ACTIVE,
             .subscriptions = 1},
    Exchange{.name = "qos1_down_register",
             .datagrams = "REGISTER REGACK PUBLISH PUBACK",
             .begin = Begin::publish_down,
             .qos = 1,
             .topic = TopicKind::name,
             .subscribes = true,
             .from = MQTTSN_STATE_ACTIVE,
             .subscriptions = 1},
    Exchange{.name = "qos2_down",
             .datagrams = "PUBLISH PUBREC PUBREL PUBCOMP",
             .begin = Begin::publish_down,
             .qos = 2,
             .subscribes = true,
             .from = MQTTSN_STATE_ACTIVE,
             .subscriptions = 1},
    Exchange{.name = "qos2_down_register",
             .datagrams = "REGISTER REGACK PUBLISH PUBREC PUBREL PUBCOMP",
             .begin = Begin::publish_down,
             .qos = 2,
             .topic = TopicKind::name,
             .subscribes = true,
             .from = MQTTSN_STATE_ACTIVE,
             .subscriptions = 1},
    Exchange{.name = "qos2_both_ways",
             .datagrams = "PUBLISH PUBLISH PUBREC PUBREC PUBREL PUBREL PUBCOMP PUBCOMP",
             .begin = Begin::both,
             .qos = 2,
             .subscribes = true,
             .from = MQTTSN_STATE_ACTIVE,
             .subscriptions = 1},
    Exchange{.name = "keep_alive", .datagrams = "PINGREQ PINGRESP", .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "disconnect",
             .datagrams = "DISCONNECT DISCONNECT",
             .begin = Begin::disconnect,
             .from = MQTTSN_STATE_ACTIVE,
             .to = MQTTSN_STATE_DISCONNECTED,
             .may_be_unheard = true,
             .links = 0},
    Exchange{.name = "disconnect_clean",
             .datagrams = "DISCONNECT DISCONNECT",
             .begin = Begin::disconnect,
             .clean = true,
             .from = MQTTSN_STATE_ACTIVE,
             .to = MQTTSN_STATE_DISCONNECTED,
             .sessions = 0,
             .links = 0,
             .broker_sessions = 0},
    Exchange{.name = "sleep",
             .datagrams = "DISCONNECT DISCONNECT",
             .pattern = Pattern::sleeper,
             .to = MQTTSN_STATE_ASLEEP},
    Exchange{.name = "wake_up",
             .datagrams = "PINGREQ PINGRESP",
             .pattern = Pattern::sleeper,
             .subscribes = true,
             .from = MQTTSN_STATE_ASLEEP,
             .to = MQTTSN_STATE_ASLEEP,
             .subscriptions = 1},
    Exchange{.name = "wake_up_qos0",
             .datagrams = "PINGREQ PUBLISH PINGRESP",
             .begin = Begin::publish_down,
             .pattern = Pattern::sleeper,
             .subscribes = true,
             .from = MQTTSN_STATE_ASLEEP,
             .to = MQTTSN_STATE_ASLEEP,
             .subscriptions = 1},
    Exchange{.name = "wake_up_qos1",
             .datagrams = "PINGREQ PUBLISH PUBACK PINGRESP",
             .begin = Begin::publish_down,
             .qos = 1,
             .pattern = Pattern::sleeper,
             .subscribes = true,
             .from = MQTTSN_STATE_ASLEEP,
             .to = MQTTSN_STATE_ASLEEP,
             .subscriptions = 1},
    Exchange{.name = "wake_up_register_qos1",
             .datagrams = "PINGREQ REGISTER REGACK PUBLISH PUBACK PINGRESP",
             .begin = Begin::publish_down,
             .qos = 1,
             .pattern = Pattern::sleeper,
             .topic = TopicKind::name,
             .subscribes = true,
             .from = MQTTSN_STATE_ASLEEP,
             .to = MQTTSN_STATE_ASLEEP,
             .subscriptions = 1},
    Exchange{.name = "wake_up_qos1_clean",
             .datagrams = "PINGREQ PUBLISH PUBACK PINGRESP",
             .begin = Begin::publish_down,
             .qos = 1,
             .pattern = Pattern::sleeper,
             .clean = true,
             .subscribes = true,
             .from = MQTTSN_STATE_ASLEEP,
             .to = MQTTSN_STATE_ASLEEP,
             .subscriptions = 1},
    Exchange{.name = "wake_up_qos2",
             .datagrams = "PINGREQ PUBLISH PUBREC PUBREL PUBCOMP PINGRESP",
             .begin = Begin::publish_down,
             .qos = 2,
             .pattern = Pattern::sleeper,
             .subscribes = true,
             .from = MQTTSN_STATE_ASLEEP,
             .to = MQTTSN_STATE_ASLEEP,
             .subscriptions = 1},
    Exchange{.name = "publish_from_sleep",
             .datagrams = "CONNECT CONNACK PUBLISH PUBREC PUBREL PUBCOMP DISCONNECT DISCONNECT",
             .begin = Begin::publish_up,
             .qos = 2,
             .pattern = Pattern::sleeper,
             .from = MQTTSN_STATE_ASLEEP,
             .to = MQTTSN_STATE_ASLEEP},
    // Behind a forwarder (SN12-113 to SN12-117)
    Exchange{.name = "forwarded_connect", .datagrams = "CONNECT CONNACK", .forwarded = true},
    Exchange{.name = "forwarded_register_qos2",
             .datagrams = "REGISTER REGACK PUBLISH PUBREC PUBREL PUBCOMP",
             .begin = Begin::publish_up,
             .qos = 2,
             .topic = TopicKind::name,
             .forwarded = true,
             .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "forwarded_qos2_down_register",
             .datagrams = "REGISTER REGACK PUBLISH PUBREC PUBREL PUBCOMP",
             .begin = Begin::publish_down,
             .qos = 2,
             .topic = TopicKind::name,
             .subscribes = true,
             .forwarded = true,
             .from = MQTTSN_STATE_ACTIVE,
             .subscriptions = 1},
    Exchange{.name = "forwarded_disconnect_clean",
             .datagrams = "DISCONNECT DISCONNECT",
             .begin = Begin::disconnect,
             .clean = true,
             .forwarded = true,
             .from = MQTTSN_STATE_ACTIVE,
             .to = MQTTSN_STATE_DISCONNECTED,
             .sessions = 0,
             .links = 0,
             .broker_sessions = 0},
    // From another forwarder: D12 and D10 (D50) for an active device, D13 for a sleeper
    Exchange{.name = "forwarded_qos2_up_moved",
             .datagrams = "PUBLISH DISCONNECT CONNECT CONNACK PUBLISH PUBREC PUBREL PUBCOMP",
             .begin = Begin::publish_up,
             .qos = 2,
             .forwarded = true,
             .moves = true,
             .from = MQTTSN_STATE_ACTIVE},
    Exchange{.name = "forwarded_wake_up_qos1_moved",
             .datagrams = "PINGREQ PUBLISH PUBACK PINGRESP",
             .begin = Begin::publish_down,
             .qos = 1,
             .pattern = Pattern::sleeper,
             .subscribes = true,
             .forwarded = true,
             .moves = true,
             .from = MQTTSN_STATE_ASLEEP,
             .to = MQTTSN_STATE_ASLEEP,
             .subscriptions = 1},
};

std::string_view first_word(std::string_view text) {
    return text.substr(0, text.find(' '));
}

std::string name_of(WireType type) {
    WireMessage message;
    message.type = type;
    return std::string(first_word(to_text(message)));
}

/// The type of the first datagram. Runs are short: looking through all the names each time would be a good
/// part of them.
WireType first_type(const Exchange& exchange) {
    static const std::map<std::string, WireType, std::less<>> types = [] {
        std::map<std::string, WireType, std::less<>> by_name;
        for (int code = 0; code <= static_cast<int>(WireType::disconnect); ++code) {
            by_name.emplace(name_of(static_cast<WireType>(code)), static_cast<WireType>(code));
        }
        return by_name;
    }();
    return types.find(first_word(exchange.datagrams))->second;
}

DeviceSettings device_of(const Exchange& exchange) {
    DeviceSettings device;
    device.client_id = "dev";
    if (exchange.forwarded) {
        device.places = {Place{1, std::string("\0\1", 2)}, Place{2, std::string("\0\1", 2)}};
    }
    device.pattern = exchange.pattern;
    device.clean_session = exchange.clean;
    device.will = exchange.will;
    device.subscribes = exchange.subscribes;
    device.topic = exchange.topic;
    device.wake_every = 10 * kSecond;
    device.sleep_s = kSleepSeconds;
    device.keep_alive_s = kKeepAliveSeconds;
    device.reconnect_after = Micros{500'000};
    device.congestion_wait_ms = 2000;
    device.retry_interval_ms = 1000;
    device.retry_count = 3;
    return device;
}

WorldSettings world_of() {
    WorldSettings settings;
    settings.gateway.retry.interval_ms = 1000;
    settings.gateway.retry.count_max = 3;
    return settings;
}

/// One exchange on its way through one mask.
class MaskRun {
  public:
    MaskRun(const Exchange& exchange, std::uint32_t n, std::uint32_t mask)
        : exchange_(exchange), n_(n), mask_(mask), world_(world_of()) {
        world_.add_device(device_of(exchange), {});
        world_.set_loss([this](std::uint32_t, Way, Bytes datagram) { return is_lost(datagram); });
    }
    MaskRun(const MaskRun&) = delete;
    MaskRun& operator=(const MaskRun&) = delete;

    World& world() { return world_; }
    MaskResult run();

  private:
    bool is_lost(Bytes datagram);
    void wait_until(const char* what, const std::function<bool()>& holds);
    void prepare();
    void begin();
    void wait_for_end(const char* what);
    bool ended();
    bool given_up();
    void claim_messages();
    void claim_sessions();
    void claim(bool holds, const std::string& what) const;

    const Exchange& exchange_;
    std::uint32_t n_;
    std::uint32_t mask_;
    World world_;
    bool armed_ = false;  // the exchange's first datagram opens the mask
    bool open_ = false;
    bool has_ended_ = false;
    std::uint64_t connects_before_ = 0;
    WireType first_type_ = first_type(exchange_);
    std::vector<WireType> sent_;  // while the mask is open
    Micros last_sent_{0};
};

bool MaskRun::is_lost(Bytes datagram) {
    const WireType type = read_wire(datagram).type;
    open_ = open_ || (armed_ && type == first_type_);
    last_sent_ = world_.now();
    if (!open_ || has_ended_) {
        return false;
    }
    sent_.push_back(type);
    const std::size_t bit = sent_.size() - 1;
    return bit < n_ && (mask_ >> bit & 1U) != 0;
}

void MaskRun::claim(bool holds, const std::string& what) const {
    if (!holds) {
        Checks::fail(world_.now(), what);
    }
}

void MaskRun::wait_until(const char* what, const std::function<bool()>& holds) {
    const Micros until = world_.now() + kBudget;
    while (!holds()) {
        if (world_.now() >= until) {
            const std::string why = world_.unsettled();
            Checks::fail(world_.now(), std::string("stuck: ") + what + (why.empty() ? "" : ": " + why));
        }
        world_.run_for(kStep);
    }
}

void MaskRun::prepare() {
    if (exchange_.from == MQTTSN_STATE_DISCONNECTED) {
        return;
    }
    wait_until("before the exchange",
               [this] { return world_.device_state(0) == exchange_.from && world_.unsettled().empty(); });
    if (exchange_.after_another) {
        exchange_.begin == Begin::publish_up ? world_.publish_up(0, 1) : world_.publish_down(0, 1);
        wait_until("the message before", [this] { return world_.unsettled().empty(); });
    }
}

void MaskRun::begin() {
    armed_ = true;
    connects_before_ = world_.statistics(0).connects;
    if (exchange_.moves) {
        world_.move(0);
    }
    const Begin begin = exchange_.begin;
    if (begin == Begin::publish_down || begin == Begin::both) {
        world_.publish_down(0, exchange_.qos);
        // The broker's message reaches the device's gateway just before the device's own would.
        world_.run_for(begin == Begin::both ? Micros{1000} : Micros{0});
    }
    if (begin == Begin::publish_up || begin == Begin::both) {
        world_.publish_up(0, exchange_.qos);
    } else if (begin == Begin::unsubscribe) {
        const mqttsn_topic filter = mqttsn_topic_name("down/dev/+");
        claim(mqttsn_unsubscribe(&world_.client(0), filter, nullptr) == MQTTSN_OK, "unsubscribe is refused");
        world_.touch(0);
    } else if (begin == Begin::disconnect) {
        world_.set_manual(0);
        claim(mqttsn_disconnect(&world_.client(0)) == MQTTSN_OK, "disconnect is refused");
        world_.touch(0);
    }
}

void MaskRun::wait_for_end(const char* what) {
    wait_until(what, [this] { return world_.now() >= last_sent_ + kQuiet && ended(); });
}

bool MaskRun::ended() {
    return open_ && world_.device_state(0) == exchange_.to && world_.unsettled().empty() &&
           world_.broker().subscription_count("dev") == exchange_.subscriptions &&
           world_.gateway()->link_count() == exchange_.links;
}

/// One of the two has repeated as often as it may, and ended the connection; a sleeper connects again by
/// itself.
bool MaskRun::given_up() {
    return world_.statistics(0).lost > 0 || world_.statistics(0).connects > connects_before_ ||
           world_.gateway_counters().sessions_lost > 0;
}

void MaskRun::claim_messages() {
    const Ledger& ledger = world_.ledger();
    // Nothing has happened here that excuses anything, but this: a clean session ends with its connection.
    const bool may_lose = exchange_.clean && given_up();
    for (std::uint32_t number = 0; number < ledger.messages().size(); ++number) {
        const MessageRecord& record = ledger.at(number);
        const std::string times = "message " + std::to_string(number) + " of QoS " +
                                  std::to_string(record.qos) + " came " + std::to_string(record.arrivals) +
                                  " times";
        const std::uint16_t at_least = record.qos == 0 ? (mask_ == 0 ? 1 : 0) : may_lose ? 0 : 1;
        claim(record.arrivals >= at_least, times);
        claim(record.qos == 1 || record.arrivals <= 1, times);
        claim(may_lose || record.excuses == 0, "message " + std::to_string(number) + " needed an excuse");
        claim(may_lose || record.way == Way::down || record.result == MQTTSN_ACCEPTED,
              "the device was never told");
    }
    world_.check_delivered();
}

void MaskRun::claim_sessions() {
    const auto claim_count = [this](const char* what, std::size_t is, std::size_t wanted) {
        claim(is == wanted, std::to_string(is) + " " + what + " in place of " + std::to_string(wanted));
    };
    if (!exchange_.may_be_unheard || world_.gateway()->session_count() != 0) {
        claim_count("sessions in the gateway", world_.gateway()->session_count(), exchange_.sessions);
    }
    claim_count("links to the broker", world_.gateway()->link_count(), exchange_.links);
    claim_count("sessions in the broker", world_.broker().session_count(), exchange_.broker_sessions);
    claim_count("subscriptions", world_.broker().subscription_count("dev"), exchange_.subscriptions);
    claim_count("messages owed by the broker", world_.broker().owed(), 0);
    claim_count("QoS 2 messages not released", world_.broker().unreleased(), 0);
}

MaskResult MaskRun::run() {
    MaskResult result;
    try {
        prepare();
        begin();
        wait_for_end("the exchange does not end");
        has_ended_ = true;
        world_.run_for(kAftermath);
        wait_for_end("the exchange has not ended for good");
        claim_messages();
        claim_sessions();
        if (exchange_.begin == Begin::unsubscribe) {
            claim(
                mqttsn_unsubscribe(&world_.client(0), mqttsn_topic_name("down/dev/+"), nullptr) == MQTTSN_OK,
                "UNSUBSCRIBE has ended in the broker and not in the device");
        }
    } catch (const CheckFailed& failed) {
        result.failure = failed.what();
    }
    for (const WireType type : sent_) {
        result.datagrams += (result.datagrams.empty() ? "" : " ") + name_of(type);
    }
    result.used = static_cast<std::uint32_t>(std::min<std::size_t>(sent_.size(), n_));
    return result;
}

}  // namespace

std::span<const Exchange> exchanges() {
    return kExchanges;
}

std::uint32_t mask_bits(const Exchange& exchange) {
    const std::string_view datagrams = exchange.datagrams;
    return std::count(datagrams.begin(), datagrams.end(), ' ') < 4 ? 12 : 10;
}

const Exchange* find_exchange(std::string_view name) {
    const auto found = std::find_if(kExchanges.begin(), kExchanges.end(),
                                    [name](const Exchange& exchange) { return name == exchange.name; });
    return found == kExchanges.end() ? nullptr : &*found;
}

MaskResult run_mask(const Exchange& exchange, std::uint32_t n, std::uint32_t mask, std::FILE* trace) {
    if (n > kMaskBitsMax || mask >> n != 0) {
        throw std::invalid_argument("a mask of at most " + std::to_string(kMaskBitsMax) + " bits");
    }
    MaskRun run(exchange, n, mask);
    run.world().set_trace(trace);
    return run.run();
}

MasksDone run_all_masks(const Exchange& exchange, std::uint32_t n,
                        const std::function<bool(std::uint32_t, const MaskResult&)>& failed) {
    MasksDone done;
    // Bits count like digits, the first datagram's first. What a run has not used stays 0: all masks that
    // share the used bits with it are this run, and the next mask differs in the last used bit that is 0.
    for (std::uint32_t mask = 0;;) {
        const MaskResult result = run_mask(exchange, n, mask, nullptr);
        ++done.runs;
        done.masks += std::uint64_t{1} << (n - result.used);
        if (!result.failure.empty() && !failed(mask, result)) {
            return done;
        }
        std::uint32_t bit = result.used;
        while (bit > 0 && (mask >> (bit - 1) & 1U) != 0) {
            --bit;
        }
        if (bit == 0) {
            return done;
        }
        mask = (mask & ((1U << (bit - 1)) - 1U)) | 1U << (bit - 1);
    }
}

}  // namespace mqttsn::sim
